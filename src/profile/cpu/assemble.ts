import { FrameTable } from "../model/frame.ts";
import { FunctionRanges } from "../model/function-ranges.ts";
import type { Profile, Sample } from "../model/sample.ts";
import { SourceMaps } from "../model/source-maps.ts";
import { samplesOf } from "../model/v8-profile.ts";
import type { ProcessRecording } from "./process-recorder.ts";

export interface AssembleOptions {
  /** Seconds between samples, as asked for. */
  readonly interval: number;
  readonly lines?: boolean | undefined;
  readonly notes?: readonly string[];
}

/** One profile out of what V8 recorded of every thread of every process: inlining corrected, sources mapped. */
export function assemble(recordings: readonly ProcessRecording[], options: AssembleOptions): Profile {
  const frames = new FrameTable();
  const all = recordings.flatMap((r) => r.threads);
  const origin = Math.min(...all.map((r) => r.profile.startTime));
  const end = Math.max(...all.map((r) => r.profile.endTime));
  const samples: Sample[] = [];
  for (const recording of recordings) {
    const maps = new SourceMaps(frames, recording.root);
    for (const { url, payload } of recording.sourceMaps) maps.add(url, payload);
    for (const { thread, profile, coverage } of recording.threads) {
      const ranges = new FunctionRanges(coverage, (url) => maps.sourceOf(url));
      const found = samplesOf(profile, { thread, frames, origin, ranges, lines: options.lines });
      for (const sample of found) samples.push({ ...sample, stack: maps.mapStack(sample.stack) });
    }
  }
  const nothing = all.length === 0;
  return {
    engine: "inspector",
    startedAt: nothing ? Date.now() : epochOf(origin),
    duration: nothing ? 0 : (end - origin) / 1e6,
    interval: options.interval,
    threads: all.map((r) => r.thread),
    samples,
    notes: options.notes ?? [],
  };
}

/** V8's clock is the system's monotonic one in µs, the same in every process of the machine. */
function epochOf(microseconds: number): number {
  const now = Number(process.hrtime.bigint()) / 1e3;
  return Date.now() - (now - microseconds) / 1e3;
}
