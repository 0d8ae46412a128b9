import { type ExitHook, onExit } from "../attach/exit-hook.ts";
import type { CdpSession } from "../attach/session.ts";
import { OWN_URL } from "../model/v8-profile.ts";
import { trackOffHeap } from "./off-heap.ts";
import type { Collecting, RawCheckpoint, RawThread } from "./raw.ts";
import { runOver } from "./script.ts";
import { checkpoint, startSampling, stopSampling } from "./scripts.ts";
import { MemoryWatch } from "./watch.ts";

type Identity = Pick<RawThread, "pid" | "process" | "thread" | "name" | "nodeVersion">;

/** Below this there is not much to find. */
const SMALLEST_PEAK = 8 * 1024 * 1024;
const UNINSTALL = `globalThis[Symbol.for("spool.offHeap")]?.uninstall()`;

interface DevToolsCommand {
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

const UNDO: readonly DevToolsCommand[] = [
  { method: "Runtime.evaluate", params: { expression: UNINSTALL } },
  { method: "HeapProfiler.stopSampling" },
];

/** Collects the memory of one thread of another process. */
export class ThreadMemory {
  readonly #thread: CdpSession;
  readonly #identity: Identity;
  readonly #options: Collecting;
  readonly #watch: MemoryWatch;
  readonly #startedAt: number = Date.now();
  #hook: ExitHook | undefined;
  #last: RawCheckpoint | undefined;

  constructor(thread: CdpSession, identity: Identity, options: Collecting, rss: () => number) {
    this.#thread = thread;
    this.#identity = identity;
    this.#options = options;
    this.#watch = new MemoryWatch(thread, options, rss, SMALLEST_PEAK);
  }

  async start(): Promise<void> {
    const { interval, total, offHeap } = this.#options;
    if (offHeap) {
      const expression = `(${trackOffHeap.toString()})(${interval}, ${total}), undefined\n//# sourceURL=${OWN_URL}off-heap`;
      await this.#thread.send("Runtime.evaluate", { expression });
    }
    await runOver(startSampling(this.#options), this.#thread);
    this.#hook = await onExit(this.#thread, () => this.#takeEnd());
  }

  /** What undoes all this in the thread, for when we cannot any more. */
  get undo(): readonly DevToolsCommand[] {
    return [...UNDO, ...(this.#hook?.removals ?? [])];
  }

  async poll(): Promise<void> {
    await this.#watch.poll();
  }

  /** The state now, as the last checkpoint; what was known before, when the thread is gone. */
  async take(): Promise<RawThread> {
    // When it has ended, its state at the exit or its last checkpoint stands for the end.
    await this.#takeEnd().catch(() => {});
    return {
      ...this.#identity,
      startedAt: this.#startedAt,
      checkpoints: [...this.#watch.checkpoints, ...(this.#last === undefined ? [] : [this.#last])],
      timeline: this.#watch.timeline,
    };
  }

  async stop(): Promise<RawThread> {
    const raw = await this.take();
    try {
      await this.#thread.send("Runtime.evaluate", { expression: UNINSTALL });
      await this.#hook?.remove();
      await runOver(stopSampling(), this.#thread);
    } catch {
      // gone: there is nothing to undo
    }
    return raw;
  }

  async #takeEnd(): Promise<void> {
    this.#last = await runOver(checkpoint("end", this.#options), this.#thread);
  }
}
