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

const STOP = "Profiler.stop";
const COVERAGE = "Profiler.getBestEffortCoverage";

/** The commands that fetch a recording, in this order; also what a dying target runs by itself. */
export const FINAL_COMMANDS: readonly { method: string }[] = [{ method: STOP }, { method: COVERAGE }];

/** Records one thread from `start` to `stop` with V8's own sampler. */
export class ThreadRecorder {
  readonly thread: ThreadRef;
  readonly #session: CdpSession;
  #profile: V8Profile | undefined;
  #coverage: readonly ScriptCoverage[] = [];

  constructor(session: CdpSession, thread: ThreadRef) {
    this.#session = session;
    this.thread = thread;
    session.on<{ method: string; result?: unknown }>("spool.final", ({ method, result }) =>
      this.#take(method, result),
    );
  }

  /** `interval` is in seconds. */
  async start(interval: number): Promise<void> {
    await this.#session.send("Profiler.enable");
    await this.#session.send("Profiler.setSamplingInterval", { interval: Math.round(interval * 1e6) });
    await this.#session.send("Profiler.start");
  }

  /** Ends the recording; undefined when the thread went away with it. */
  async stop(): Promise<ThreadRecording | undefined> {
    for (const { method } of FINAL_COMMANDS) {
      if (this.#profile !== undefined && method === STOP) continue;
      const result = await this.#session.send(method).catch(() => undefined);
      this.#take(method, result);
    }
    await this.#session.send("Profiler.disable").catch(() => undefined);
    if (this.#profile === undefined) return undefined;
    return { thread: this.thread, profile: this.#profile, coverage: this.#coverage };
  }

  #take(method: string, result: unknown): void {
    if (result === undefined) return;
    if (method === STOP) this.#profile = (result as { profile: V8Profile }).profile;
    if (method === COVERAGE) this.#coverage = (result as { result: ScriptCoverage[] }).result;
  }
}
