import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { requireInteger, requireSeconds, requireSignal } from "../../core/index.ts";
import type { AttachOptions } from "../attach/attach.ts";
import { attachOrLookOutside, type EngineOptions } from "../attach/choose.ts";
import { sampleExternal } from "../external/index.ts";
import { mergeProfiles, type Profile } from "../model/sample.ts";
import { assemble } from "./assemble.ts";
import { followChildren } from "./children.ts";
import { ProcessRecorder } from "./process-recorder.ts";

/** Samples per second unless asked otherwise: as py-spy, and under 1 % of the target's time. */
export const DEFAULT_RATE = 100;
/** V8 samples no faster than this with less than a few percent of cost. */
export const MAX_RATE = 1000;
/** How long a recording waits for the children that are there when it begins, milliseconds. */
const CHILD_ENTRY_MS = 5000;

export interface RecordingOptions extends EngineOptions {
  /** Samples per second, 1 to 1000 (default 100). */
  readonly rate?: number;
  /** Record every Node process that descends from this one too, also those that start meanwhile. */
  readonly subprocesses?: boolean;
  /** Tell apart the lines that were executing in the innermost function. */
  readonly lines?: boolean;
  /**
   * Make V8 optimize anew what it had optimized, so that functions inlined from another file are known too; the
   * process is slower for some milliseconds. Off by default: a stranger's process is not to be slowed down. On for
   * `executor.profile()` and `profiled`.
   */
  readonly recompile?: boolean;
}

export interface RecordOptions extends RecordingOptions {
  /** Seconds to record; without it, until the process ends or `signal` fires. */
  readonly duration?: number;
}

/** A recording in progress. */
export interface Recording {
  /** Resolves when the recorded process has ended by itself; never rejects. */
  readonly ended: Promise<void>;
  /** Ends the recording, leaves the processes as they were, and gives the profile. */
  stop(): Promise<Profile>;
}

/**
 * Records where a running Node process spends its time, over all its threads. Python: `py-spy record`.
 *
 * Ends after `duration` seconds, when the process ends, or when `signal` fires, whichever is first, and gives what
 * was recorded until then. Costs the target under 1 % of its time at the default rate.
 */
export async function record(pid: number, options: RecordOptions = {}): Promise<Profile> {
  const duration = requireSeconds("duration", options.duration);
  const signal = requireSignal("signal", options.signal);
  const recording = await startRecording(pid, options);
  const over = new AbortController();
  const ends = [recording.ended];
  const quiet = (): void => {};
  if (duration !== Infinity)
    ends.push(delay(duration * 1000, undefined, { signal: over.signal }).catch(quiet));
  if (signal !== undefined) ends.push(aborted(signal, over.signal));
  await Promise.race(ends);
  over.abort();
  return recording.stop();
}

/**
 * Begins a recording and gives the handle that ends it. With `subprocesses` it has begun when the children that are
 * there have been entered too, or did not let us in within five seconds.
 */
export async function startRecording(pid: number, options: RecordingOptions = {}): Promise<Recording> {
  const rate = requireInteger("rate", options.rate ?? DEFAULT_RATE, 1, MAX_RATE);
  const interval = 1 / rate;
  const notes: string[] = [];
  const engineOptions = { ...options, onNote: noting(notes, options) };
  const entered = await attachOrLookOutside(pid, engineOptions);
  if (entered === "external") return await recordOutside(pid, rate, options.subprocesses === true, notes);
  const recorders = [await ProcessRecorder.start(entered, interval, options.recompile)];
  const children =
    options.subprocesses === true ? new ChildRecorders(pid, interval, engineOptions, notes) : undefined;
  await children?.firstEntered();
  return {
    ended: entered.ended.then(() => {}),
    stop: once(async () => {
      recorders.push(...((await children?.stop()) ?? []));
      const recordings = await Promise.all(recorders.map((recorder) => recorder.stop()));
      return assemble(recordings, { interval, lines: options.lines, notes });
    }),
  };
}

/** Stopping a second time gives what the first gave. */
export function once<T>(stop: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= stop());
}

/** The same from outside. */
async function recordOutside(
  pid: number,
  rate: number,
  subprocesses: boolean,
  notes: string[],
): Promise<Recording> {
  const over = new AbortController();
  const look = (p: number): Promise<Profile> => sampleExternal(p, { rate, signal: over.signal });
  const own = look(pid);
  // What cannot be read at all says so at once, before anything is called a recording.
  await Promise.race([own, turn()]);
  const others: Promise<Profile | void>[] = [];
  const lookToo = (p: number): void => {
    others.push(look(p).catch((error: unknown) => void notes.push(notIn(p, error))));
  };
  const unfollow = subprocesses ? followChildren(pid, lookToo) : (): void => {};
  const ended = own.then(
    () => {},
    () => {},
  );
  return {
    ended,
    async stop() {
      unfollow();
      over.abort();
      const seen = (await Promise.all(others)).filter((other) => other !== undefined);
      const profile = mergeProfiles([await own, ...seen]);
      return { ...profile, notes: [...new Set([...notes, ...profile.notes])] };
    },
  };
}

function notIn(child: number, error: unknown): string {
  return `child process ${child} is not in the report: ${(error as Error).message}`;
}

function noting(notes: string[], options: AttachOptions): (line: string) => void {
  return (line) => {
    notes.push(line);
    options.onNote?.(line);
  };
}

function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true, signal: over });
  return promise;
}

/** Follows a process tree and records each Node process in it as it appears. */
class ChildRecorders {
  readonly #attempts: Promise<ProcessRecorder | undefined>[] = [];
  readonly #unfollow: () => void;
  readonly #interval: number;
  readonly #options: AttachOptions;
  readonly #notes: string[];

  constructor(root: number, interval: number, options: AttachOptions, notes: string[]) {
    this.#interval = interval;
    this.#options = options;
    this.#notes = notes;
    this.#unfollow = followChildren(root, (pid) => this.#attempts.push(this.#attach(pid)));
  }

  /** When those that were there at the beginning have been entered; one that does not answer is waited for no longer. */
  async firstEntered(): Promise<void> {
    const over = new AbortController();
    const late = delay(CHILD_ENTRY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#attempts), late]);
    over.abort();
  }

  async stop(): Promise<ProcessRecorder[]> {
    this.#unfollow();
    return (await Promise.all(this.#attempts)).filter((recorder) => recorder !== undefined);
  }

  async #attach(pid: number): Promise<ProcessRecorder | undefined> {
    try {
      return await ProcessRecorder.attach(pid, this.#interval, this.#options);
    } catch (error) {
      this.#notes.push(notIn(pid, error));
      return undefined;
    }
  }
}
