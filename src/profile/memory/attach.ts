import { setTimeout as delay } from "node:timers/promises";
import { requireSeconds, requireSignal } from "../../core/index.ts";
import { type AttachOptions, attach } from "../attach/attach.ts";
import { nodeVersionOf, processTree, readProcess } from "../attach/proc.ts";
import type { InspectorSession } from "../attach/session.ts";
import { assembleMemory } from "./assemble.ts";
import type { MemoryProfile } from "./profile-file.ts";
import type { Collecting, RawThread } from "./raw.ts";
import { type MemoryOptions, checkedOptions } from "./run.ts";
import { ThreadMemory } from "./thread-memory.ts";

/** Bytes between samples in a process that is in production: V8's own default, well under 3 % even under stress. */
const ATTACH_INTERVAL = 512 * 1024;
const POLL_MS = 250;

export interface MemoryAttachOptions extends MemoryOptions, AttachOptions {
  /**
   * Note who allocates ArrayBuffers and Buffers (default false): it wraps their constructors in the target, until
   * the end of the recording.
   */
  readonly offHeap?: boolean;
  /** Every Node process that descends from this one too. */
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
  const known = [await ProcessMemory.attach(pid, collecting, options, notes)];
  if (options.subprocesses === true) known.push(...(await attachChildren(pid, collecting, options, notes)));
  const finish = (threads: readonly RawThread[][]): MemoryProfile =>
    assembleMemory(threads.flat(), { ...collecting, command: `attached to ${known[0]!.title}`, notes });
  return {
    ended: known[0]!.ended,
    look: async () => finish(await Promise.all(known.map((process) => process.take()))),
    stop: async () => finish(await Promise.all(known.map((process) => process.stop()))),
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

async function attachChildren(
  pid: number,
  collecting: Collecting,
  options: AttachOptions,
  notes: string[],
): Promise<ProcessMemory[]> {
  const found: ProcessMemory[] = [];
  for (const child of processTree(pid).slice(1)) {
    try {
      if (child !== process.pid && nodeVersionOf(child) !== null)
        found.push(await ProcessMemory.attach(child, collecting, options, notes));
    } catch (error) {
      notes.push(`child process ${child} is not in the report: ${(error as Error).message}`);
    }
  }
  return found;
}

/** All threads of one process. */
class ProcessMemory {
  readonly #session: InspectorSession;
  readonly #collecting: Collecting;
  readonly #threads: ThreadMemory[] = [];
  readonly #over = new AbortController();
  #polling: Promise<void> = Promise.resolve();

  private constructor(session: InspectorSession, collecting: Collecting) {
    this.#session = session;
    this.#collecting = collecting;
  }

  static async attach(
    pid: number,
    collecting: Collecting,
    options: AttachOptions,
    notes: string[],
  ): Promise<ProcessMemory> {
    const session = await attach(pid, options);
    notes.push(...session.notes);
    const memory = new ProcessMemory(session, collecting);
    try {
      await memory.#begin();
    } catch (error) {
      await session.close();
      throw error;
    }
    return memory;
  }

  get title(): string {
    return this.#session.title;
  }

  get ended(): Promise<void> {
    return this.#session.ended.then(() => {});
  }

  async take(): Promise<RawThread[]> {
    return Promise.all(this.#threads.map((thread) => thread.take()));
  }

  async stop(): Promise<RawThread[]> {
    this.#over.abort();
    await this.#polling;
    const found = await Promise.all(this.#threads.map((thread) => thread.stop()));
    await this.#session.close();
    return found.filter((thread) => thread.checkpoints.length > 0);
  }

  async #begin(): Promise<void> {
    const { pid, title, nodeVersion } = this.#session;
    const rss = (): number => rssOf(pid);
    const identity = { pid, process: title, nodeVersion };
    const main = new ThreadMemory(
      this.#session,
      { ...identity, thread: 0, name: "main" },
      this.#collecting,
      rss,
    );
    this.#session.atDetach(main.undo);
    await main.start();
    this.#session.atDetach(main.undo);
    this.#threads.push(main);
    await this.#session.workers((worker) => {
      const { thread, name } = worker;
      const memory = new ThreadMemory(worker, { ...identity, thread, name }, this.#collecting, rss);
      memory.start().then(
        () => this.#threads.push(memory),
        () => {}, // it ended before it could be asked
      );
    });
    this.#polling = this.#poll();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      // A thread that is gone, or busy in a native call, is passed over.
      await Promise.race([
        Promise.all(this.#threads.map((thread) => thread.poll().catch(() => {}))),
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      ]);
      await delay(POLL_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function rssOf(pid: number): number {
  try {
    return readProcess(pid).rss;
  } catch {
    return 0;
  }
}
