import { setTimeout as delay } from "node:timers/promises";
import { requireSeconds, requireSignal } from "../../core/index.ts";
import type { AttachOptions } from "../attach/attach.ts";
import { nodeVersionOf, processTree } from "../attach/proc.ts";
import { assembleMemory } from "./assemble.ts";
import type { MemoryProfile } from "./profile-file.ts";
import { ProcessMemory } from "./process-memory.ts";
import type { RawThread } from "./raw.ts";
import { type MemoryOptions, checkedOptions } from "./run.ts";

/** Bytes between samples in a process that is in production: V8's own default, well under 3 % even under stress. */
const ATTACH_INTERVAL = 512 * 1024;

export interface MemoryAttachOptions extends MemoryOptions, AttachOptions {
  /**
   * Note who allocates ArrayBuffers and Buffers (default false): it wraps their constructors in the target, until
   * the end of the recording.
   */
  readonly offHeap?: boolean;
  /** Every Node process that descends from this one too, also those that start meanwhile. */
  readonly subprocesses?: boolean;
}

/** A recording of a running process. */
export interface MemoryRecording {
  /** Resolves when the process has ended by itself; never rejects. */
  readonly ended: Promise<void>;
  /** What is known now; the recording goes on. Makes the target collect garbage. */
  look(): Promise<MemoryProfile>;
  /** Ends the recording and leaves the processes as they were. */
  stop(): Promise<MemoryProfile>;
}

/** Begins to record the memory of a running process: what it allocates from now on. Python: `memray attach`. */
export async function startMemory(pid: number, options: MemoryAttachOptions = {}): Promise<MemoryRecording> {
  const collecting = checkedOptions({ ...options, offHeap: options.offHeap ?? false }, ATTACH_INTERVAL);
  const notes: string[] = [];
  const attachTo = (target: number): Promise<ProcessMemory> =>
    ProcessMemory.attach(target, collecting, options, notes);
  const root = await attachTo(pid);
  const children = new Descendants(pid, attachTo, notes);
  if (options.subprocesses === true) await children.start();
  const finish = (threads: readonly RawThread[][]): MemoryProfile =>
    assembleMemory(threads.flat(), { ...collecting, command: `attached to ${root.title}`, notes });
  return {
    ended: root.ended,
    look: async () => finish(await Promise.all([root, ...children.found].map((process) => process.take()))),
    stop: async () => {
      await children.stop();
      return finish(await Promise.all([root, ...children.found].map((process) => process.stop())));
    },
  };
}

export interface MemoryRecordOptions extends MemoryAttachOptions {
  /** Seconds; by default until the process ends or `signal` fires. */
  readonly duration?: number;
}

/** Records the memory of a running process and gives the profile when `duration` is over, it ends, or `signal` fires. */
export async function attachMemory(pid: number, options: MemoryRecordOptions = {}): Promise<MemoryProfile> {
  const duration = requireSeconds("duration", options.duration);
  const signal = requireSignal("signal", options.signal);
  const { signal: _, ...attachOptions } = options;
  const recording = await startMemory(pid, attachOptions);
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  const limit = duration === Infinity ? LONGEST_WAIT : duration * 1000;
  await Promise.race([recording.ended, delay(limit, undefined, { signal: stop }).catch(() => {})]);
  over.abort();
  return recording.stop();
}

/** What timers can hold, 24 days. */
const LONGEST_WAIT = 2 ** 31 - 1;

const LOOK_FOR_CHILDREN_MS = 500;
/** A child that has only just started does not take the inspector's signal yet. */
const TRIES = 6;

/** Records every Node process that descends from one, also those that start meanwhile. */
class Descendants {
  readonly found: ProcessMemory[] = [];
  readonly #root: number;
  readonly #attach: (pid: number) => Promise<ProcessMemory>;
  readonly #notes: string[];
  readonly #tries = new Map<number, number>();
  readonly #over = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(root: number, attachTo: (pid: number) => Promise<ProcessMemory>, notes: string[]) {
    this.#root = root;
    this.#attach = attachTo;
    this.#notes = notes;
  }

  /** Resolves when those that are there already are attached to. */
  async start(): Promise<void> {
    await this.#look();
    this.#looking = this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await delay(LOOK_FOR_CHILDREN_MS, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    for (const pid of processTree(this.#root).slice(1)) {
      const tries = this.#tries.get(pid) ?? 0;
      if (tries >= TRIES || pid === process.pid) continue;
      this.#tries.set(pid, tries + 1);
      try {
        if (nodeVersionOf(pid) === null) continue;
        this.found.push(await this.#attach(pid));
        this.#tries.set(pid, TRIES);
      } catch (error) {
        if (tries + 1 === TRIES)
          this.#notes.push(`child process ${pid} is not in the report: ${(error as Error).message}`);
      }
    }
  }
}
