import { callTree } from "../model/call-tree.ts";
import type { Profile } from "../model/sample.ts";
import { toChromeTrace } from "./chrometrace.ts";
import { toCpuProfile } from "./cpuprofile.ts";
import { toFlameGraph } from "./flame.ts";
import { toFolded } from "./folded.ts";
import { toPprof } from "./pprof.ts";
import { readTree } from "./read.ts";
import { toSpeedscope } from "./speedscope.ts";

export const REPORT_FORMATS = ["flame", "speedscope", "raw", "pprof", "cpuprofile", "chrometrace"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export interface ReportOptions {
  readonly title: string;
  /** Count waiting too. */
  readonly idle?: boolean;
  /** Only the main threads. */
  readonly loop?: boolean;
  /** A branch per thread; by default when there is more than one. */
  readonly byThread?: boolean;
  /** File of an earlier recording to compare with (flame only). */
  readonly before?: string;
}

/** A recording in one of the file formats. */
export async function renderReport(
  recorded: Profile,
  format: ReportFormat,
  options: ReportOptions,
): Promise<string | Uint8Array> {
  const profile = options.loop === true ? onlyMainThreads(recorded) : recorded;
  const { idle = false } = options;
  const tree = callTree(profile, {
    idle,
    ...(options.byThread === undefined ? {} : { byThread: options.byThread }),
  });
  const { startedAt, duration, interval } = profile;
  switch (format) {
    case "flame":
      return toFlameGraph(tree, {
        title: options.title,
        subtitle: subtitle(profile),
        notes: profile.notes,
        ...(options.before === undefined ? {} : { before: readTree(options.before) }),
      });
    case "speedscope":
      return toSpeedscope(profile, { idle });
    case "raw":
      return toFolded(tree);
    case "pprof":
      return toPprof(tree, { startedAt, duration, period: interval });
    case "cpuprofile":
      return toCpuProfile(profile);
    case "chrometrace":
      return toChromeTrace(profile);
  }
}

function onlyMainThreads(profile: Profile): Profile {
  return {
    ...profile,
    threads: profile.threads.filter((t) => t.thread === 0),
    samples: profile.samples.filter((s) => s.thread.thread === 0),
  };
}

function subtitle(profile: Profile): string {
  const { samples, threads, duration, interval, engine, startedAt } = profile;
  const processes = new Set(threads.map((t) => t.pid)).size;
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
  return (
    `${new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")} UTC, ${duration.toFixed(1)} s at ` +
    `${Math.round(1 / interval)} samples/s: ${count(samples.length, "sample")}, ${count(threads.length, "thread")}, ` +
    `${count(processes, "process").replace("processs", "processes")}; ${engine} engine`
  );
}
