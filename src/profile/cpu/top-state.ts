import { isIdle, threadLabel } from "../model/call-tree.ts";
import { type FunctionRow, functionTable } from "../model/function-table.ts";
import { type Frame, FrameTable } from "../model/frame.ts";
import { mergeProfiles, type Profile, type Sample } from "../model/sample.ts";
import { sortRows, type SortKey, type TopPart, type TopRow, type TopView } from "../reporters/top-screen.ts";
import type { Snapshot } from "./sample.ts";

/** Snapshots kept for `s`, the flame graph of what was seen so far: an hour of them. */
const KEPT = 3600;

/** What `spool top` knows: sums since the last reset, shares of the last snapshot, and what the keys have set. */
export class TopState {
  sort: SortKey = "own%";
  /** Tell the lines of a function apart. */
  lines = false;
  showThreads = false;
  showProcesses = false;
  showGc = false;
  showHelp = false;
  message = "";
  readonly #functions = new Sums(true);
  readonly #lines = new Sums(false);
  #snapshots: Snapshot[] = [];
  #samples = 0;

  add(snapshot: Snapshot): void {
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length > KEPT) this.#snapshots.shift();
    this.#samples += snapshot.profile.samples.length;
    this.#functions.add(snapshot.profile);
    this.#lines.add(snapshot.profile);
  }

  reset(): void {
    this.#functions.clear();
    this.#lines.clear();
    this.#snapshots = this.#snapshots.slice(-1);
    this.#samples = 0;
  }

  /** Everything since the last reset as one profile; undefined before the first snapshot. */
  profile(): Profile | undefined {
    return this.#snapshots.length === 0 ? undefined : mergeProfiles(this.#snapshots.map((s) => s.profile));
  }

  view(target: { command: string; nodeVersion: string; pid: number }): TopView | undefined {
    const last = this.#snapshots.at(-1);
    if (last === undefined) return undefined;
    const { profile } = last;
    return {
      ...target,
      engine: profile.engine === "inspector" ? "inspector, port closed" : "external",
      samples: this.#samples,
      rate: profile.samples.length / Math.max(profile.duration, 1e-3) / Math.max(1, profile.threads.length),
      pause: last.pause,
      ...shares(profile),
      cpu: last.cpu,
      heap: last.heap,
      rss: last.rss,
      rows: sortRows((this.lines ? this.#lines : this.#functions).rows(profile), this.sort),
      sort: this.sort,
      showThreads: this.showThreads,
      showProcesses: this.showProcesses,
      showGc: this.showGc,
      showHelp: this.showHelp,
      message: this.message,
    };
  }
}

/** Seconds by function since the last reset. */
class Sums {
  readonly #frames = new FrameTable();
  readonly #whole: boolean;
  readonly #sums = new Map<Frame, { own: number; total: number }>();

  /** `whole`: the lines of a function count as one. */
  constructor(whole: boolean) {
    this.#whole = whole;
  }

  add(profile: Profile): void {
    for (const { frame, own, total } of this.#table(profile)) {
      const sums = this.#sums.get(frame) ?? { own: 0, total: 0 };
      this.#sums.set(frame, { own: sums.own + own, total: sums.total + total });
    }
  }

  clear(): void {
    this.#sums.clear();
  }

  /** Every function seen, with its shares of the latest snapshot. */
  rows(latest: Profile): TopRow[] {
    const duration = Math.max(latest.duration, 1e-3);
    const now = new Map(this.#table(latest).map((row) => [row.frame, row]));
    return [...this.#sums].map(([frame, sums]) => ({
      frame,
      ...sums,
      ownShare: (now.get(frame)?.own ?? 0) / duration,
      totalShare: (now.get(frame)?.total ?? 0) / duration,
    }));
  }

  #table(profile: Profile): FunctionRow[] {
    return functionTable(profile.samples, {
      as: (frame) => this.#frames.intern(this.#whole ? whole(frame) : frame),
    });
  }
}

function whole(frame: Frame): Frame {
  const { at: _line, ...rest } = frame;
  return rest;
}

function shares(profile: Profile): Pick<TopView, "loop" | "gc" | "active" | "threads" | "processes"> {
  const main = profile.samples.filter((s) => s.thread.thread === 0);
  const part = (label: string, samples: readonly Sample[]): TopPart => ({
    label,
    share: share(samples, busy),
    gc: share(samples, collects),
  });
  const processes = new Map(profile.threads.map(({ pid, process }) => [pid, process]));
  return {
    loop: share(main, busy),
    gc: share(profile.samples, collects),
    active: share(profile.samples, busy),
    threads: profile.threads.map((thread) =>
      part(
        threadLabel(thread),
        profile.samples.filter((s) => s.thread === thread),
      ),
    ),
    processes: [...processes].map(([pid, name]) =>
      part(
        `${pid} ${name}`,
        profile.samples.filter((s) => s.thread.pid === pid),
      ),
    ),
  };
}

function busy(sample: Sample): boolean {
  return !isIdle(sample);
}

function collects({ stack }: Sample): boolean {
  return stack.at(-1)?.kind === "gc";
}

function share(samples: readonly Sample[], counts: (sample: Sample) => boolean): number {
  const all = sum(samples);
  return all === 0 ? 0 : sum(samples.filter(counts)) / all;
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, s) => total + s.weight, 0);
}
