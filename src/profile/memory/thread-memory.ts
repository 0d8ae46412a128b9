import type { CdpSession } from "../attach/session.ts";
import { trackOffHeap } from "./off-heap.ts";
import type { Collecting, RawCheckpoint, RawThread, V8AllocationNode } from "./raw.ts";
import { runOver } from "./script.ts";
import { checkpoint, startSampling, stopSampling } from "./scripts.ts";
import { MemoryWatch } from "./watch.ts";

type Identity = Pick<RawThread, "pid" | "process" | "thread" | "name" | "nodeVersion">;

const UNINSTALL = `globalThis[Symbol.for("spool.offHeap")]?.uninstall()`;

/** What undoes the collecting in a thread, as commands; stopping twice is no harm. */
export const UNDO: readonly { method: string; params?: Record<string, unknown> }[] = [
  { method: "Runtime.evaluate", params: { expression: UNINSTALL } },
  { method: "HeapProfiler.stopSampling" },
];

/** Asked of a target that exits, so that its last state is known. */
export const AT_EXIT: readonly { method: string; params?: Record<string, unknown> }[] = [
  { method: "HeapProfiler.getSamplingProfile" },
];

/** Collects the memory of one thread of another process. */
export class ThreadMemory {
  readonly #thread: CdpSession;
  readonly #identity: Identity;
  readonly #options: Collecting;
  readonly #watch: MemoryWatch;
  readonly #startedAt: number = Date.now();
  #last: RawCheckpoint | undefined;

  constructor(thread: CdpSession, identity: Identity, options: Collecting, rss: () => number) {
    this.#thread = thread;
    this.#identity = identity;
    this.#options = options;
    this.#watch = new MemoryWatch(thread, options, rss);
    thread.on<{ method: string; result?: { profile: { head: V8AllocationNode } } }>(
      "spool.final",
      (final) => {
        if (final.method === AT_EXIT[0]!.method && final.result !== undefined)
          this.#last = { kind: "end", at: Date.now(), head: final.result.profile.head, offHeap: [] };
      },
    );
  }

  async start(): Promise<void> {
    const { interval, total, offHeap } = this.#options;
    if (offHeap) {
      const expression = `(${trackOffHeap.toString()})(${interval}, ${total}), undefined`;
      await this.#thread.send("Runtime.evaluate", { expression });
    }
    await runOver(startSampling(this.#options), this.#thread);
  }

  async poll(): Promise<void> {
    await this.#watch.poll();
  }

  /** The state now, as the last checkpoint; what was known before, when the thread is gone. */
  async take(): Promise<RawThread> {
    try {
      this.#last = await runOver(checkpoint("end", this.#options), this.#thread);
    } catch {
      // It has ended: its exit, or its last checkpoint, stands for the end.
    }
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
      await runOver(stopSampling(), this.#thread);
    } catch {
      // gone: there is nothing to undo
    }
    return raw;
  }
}
