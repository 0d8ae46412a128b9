import type { CdpSession } from "../attach/session.ts";
import type { ScriptCoverage } from "../model/function-ranges.ts";
import type { ThreadRef } from "../model/sample.ts";
import type { V8Profile } from "../model/v8-types.ts";

/** What V8 recorded of one thread. */
export interface ThreadRecording {
  readonly thread: ThreadRef;
  readonly profile: V8Profile;
  /** Where its functions lie; empty when the thread was gone before it could be asked. */
  readonly coverage: readonly ScriptCoverage[];
}

/** Records one thread from `start` to `stop` with V8's own sampler. */
export class ThreadRecorder {
  readonly thread: ThreadRef;
  readonly #session: CdpSession;
  readonly #recompile: boolean;
  #stopped: Promise<ThreadRecording | undefined> | undefined;

  /**
   * `recompile`: make V8 optimize again what it had optimized. Code that is compiled while the profiler is there knows
   * which functions were inlined into it, also those from another file.
   */
  constructor(session: CdpSession, thread: ThreadRef, recompile: boolean) {
    this.#session = session;
    this.thread = thread;
    this.#recompile = recompile;
  }

  /** `interval` is in seconds. */
  async start(interval: number): Promise<void> {
    await this.#session.send("Profiler.enable");
    await this.#session.send("Profiler.setSamplingInterval", { interval: Math.round(interval * 1e6) });
    await this.#session.send("Profiler.start");
    if (this.#recompile) await this.#dropOptimizedCode();
  }

  /** Ends the recording; undefined when the thread went away with it. Idempotent. */
  stop(): Promise<ThreadRecording | undefined> {
    this.#stopped ??= this.#stop().catch(() => undefined);
    return this.#stopped;
  }

  /** Counting calls precisely needs unoptimized code; that this is over at once leaves but the effect. */
  async #dropOptimizedCode(): Promise<void> {
    await this.#session.send("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await this.#session.send("Profiler.stopPreciseCoverage");
  }

  async #stop(): Promise<ThreadRecording> {
    const { profile } = await this.#session.send<{ profile: V8Profile }>("Profiler.stop");
    const coverage = await this.#session
      .send<{ result: ScriptCoverage[] }>("Profiler.getBestEffortCoverage")
      .then(({ result }) => result)
      .catch(() => []);
    await this.#session.send("Profiler.disable").catch(() => undefined);
    return { thread: this.thread, profile, coverage };
  }
}
