import { setTimeout as delay } from "node:timers/promises";
import { type AttachOptions, attach } from "../attach/attach.ts";
import { readProcess } from "../attach/proc.ts";
import type { InspectorSession } from "../attach/session.ts";
import type { Collecting, RawThread } from "./raw.ts";
import { ThreadMemory } from "./thread-memory.ts";

const POLL_MS = 250;

/** Records all threads of one running process. */
export class ProcessMemory {
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
      worker.atDetach(memory.undo);
      memory.start().then(
        () => {
          worker.atDetach(memory.undo);
          this.#threads.push(memory);
        },
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
