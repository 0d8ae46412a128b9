import { getPriority, setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { invalid, requireSeconds, requireSignal } from "../../core/index.ts";
import type { Profile, Sample, ThreadRef } from "../model/sample.ts";
import { isAlive } from "../attach/proc.ts";
import { framesOf, threadRefs } from "./dump.ts";
import { requireLibc } from "./libc.ts";
import { hasEnded } from "./threads.ts";
import { ExternalTarget } from "./target.ts";

export interface ExternalSampleOptions {
  /** Samples per second of each thread (default 100; at most 1000). */
  readonly rate?: number;
  /** Seconds; by default until `signal` aborts or the process ends. */
  readonly duration?: number;
  /** Ends the recording; what was seen so far is the result. */
  readonly signal?: AbortSignal;
}

export const EXTERNAL_NOTES: readonly string[] = [
  "external engine: functions that V8 inlined are counted in their caller, and lines are where a function begins",
];

/** New threads are looked for this often, in seconds. */
const THREADS_EVERY = 0.5;
/** Above the usual, so that a busy machine does not keep the sampler from letting a stopped thread go. */
const SAMPLER_PRIORITY = -10;

/**
 * Records all threads of a process from outside. Each look stops a running thread while its registers and stack are
 * copied (a sleeping one not at all); nothing is written into the process. Resolves to what was seen, also when the process ends early.
 * Rejects with ProfilerError when the process cannot be read, UnsupportedError without Linux x64 or koffi.
 */
export async function sampleExternal(pid: number, options: ExternalSampleOptions = {}): Promise<Profile> {
  const rate = options.rate ?? 100;
  if (!(rate > 0 && rate <= 1000)) throw invalid("rate", rate, "a number of samples per second, up to 1000");
  const duration = requireSeconds("duration", options.duration);
  const signal = requireSignal("signal", options.signal);
  const target = new ExternalTarget(pid, requireLibc());
  const restorePriority = raisePriority();
  try {
    return await new Sampler(target, 1 / rate).run(duration, signal);
  } finally {
    restorePriority();
    target.close();
  }
}

interface SeenThread {
  readonly ref: ThreadRef;
  lastSeen: number;
}

class Sampler {
  readonly #target: ExternalTarget;
  readonly #interval: number;
  readonly #startedAt: number = Date.now();
  readonly #began: number = performance.now();
  /** Those that have not ended. */
  readonly #threads = new Map<number, SeenThread>();
  readonly #refs: ThreadRef[] = [];
  readonly #samples: Sample[] = [];
  #threadsSoughtAt = -Infinity;

  constructor(target: ExternalTarget, interval: number) {
    this.#target = target;
    this.#interval = interval;
  }

  async run(duration: number, signal: AbortSignal | undefined): Promise<Profile> {
    let next = 0;
    while (this.#now() < duration && signal?.aborted !== true && this.#tick()) {
      next = Math.max(next + this.#interval, this.#now());
      const wait = Math.min(next, duration) - this.#now();
      await sleep(Math.max(0, wait * 1000), undefined, signal === undefined ? {} : { signal }).catch(
        () => {},
      );
    }
    return this.#profile();
  }

  /** Looks at every thread once; false when the process has ended. */
  #tick(): boolean {
    this.#seekThreads();
    let found = false;
    for (const [thread, seen] of this.#threads) {
      const stack = this.#target.look(thread);
      if (stack === undefined) {
        if (hasEnded(this.#target.pid, thread)) this.#threads.delete(thread);
        continue;
      }
      found = true;
      const time = this.#now();
      const frames = framesOf(this.#target, stack);
      this.#samples.push({
        thread: seen.ref,
        stack: frames.toReversed(),
        time: seen.lastSeen,
        weight: time - seen.lastSeen,
      });
      seen.lastSeen = time;
    }
    return found || this.#alive();
  }

  #seekThreads(): void {
    if (this.#now() - this.#threadsSoughtAt < THREADS_EVERY) return;
    this.#threadsSoughtAt = this.#now();
    for (const { thread, ref } of threadRefs(this.#target)) {
      if (this.#threads.has(thread)) continue;
      // Numbered as they come, so that a thread has its number for itself when another has ended before it began.
      const own = { ...ref, thread: this.#refs.length };
      this.#refs.push(own);
      this.#threads.set(thread, { ref: own, lastSeen: Math.max(0, this.#now() - this.#interval) });
    }
  }

  #profile(): Profile {
    return {
      engine: "external",
      startedAt: this.#startedAt,
      duration: this.#now(),
      interval: this.#interval,
      threads: this.#refs,
      samples: this.#samples,
      notes: this.#alive() ? EXTERNAL_NOTES : [...EXTERNAL_NOTES, `process ${this.#target.pid} ended`],
    };
  }

  #alive(): boolean {
    return isAlive(this.#target.pid);
  }

  /** Seconds since the recording began. */
  #now(): number {
    return (performance.now() - this.#began) / 1000;
  }
}

/** The recordings of this thread: the first raises its priority, the last puts it back. */
let recordings = 0;
let usualPriority = 0;

function raisePriority(): () => void {
  if (recordings++ === 0) {
    usualPriority = getPriority(0);
    try {
      setPriority(0, Math.min(usualPriority, SAMPLER_PRIORITY));
    } catch {
      // only root may; then the sampler takes its chances
    }
  }
  return () => {
    if (--recordings === 0) setPriority(0, usualPriority);
  };
}
