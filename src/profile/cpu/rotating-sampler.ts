import type { CdpSession } from "../attach/session.ts";
import type { ScriptCoverage } from "../model/function-ranges.ts";
import type { ThreadRef } from "../model/sample.ts";
import { OWN_URL } from "../model/v8-profile.ts";
import type { V8Profile } from "../model/v8-types.ts";
import type { ThreadRecording } from "./thread-recorder.ts";

/**
 * Samples one thread without end and hands out what it has, again and again. V8's `console.profile` is used for it: the
 * next profile begins before the last one ends, so the sampler never stops, and a refresh costs the thread a few
 * milliseconds where stopping and starting would cost a big program hundreds.
 */
export class RotatingSampler {
  readonly thread: ThreadRef;
  readonly #session: CdpSession;
  readonly #finished = new Map<string, PromiseWithResolvers<V8Profile>>();
  #coverage: readonly ScriptCoverage[] = [];
  #turn = 0;

  constructor(session: CdpSession, thread: ThreadRef) {
    this.#session = session;
    this.thread = thread;
    session.on<{ title: string; profile: V8Profile }>("Profiler.consoleProfileFinished", (event) =>
      this.#finished.get(event.title)?.resolve(event.profile),
    );
  }

  /** `interval` is in seconds. */
  async start(interval: number): Promise<void> {
    await this.#session.send("Profiler.enable");
    await this.#session.send("Profiler.setSamplingInterval", { interval: Math.round(interval * 1e6) });
    await this.#command(`profile("${this.#title()}")`);
  }

  /** What was sampled since the last call. Rejects with ProfilerError when the thread has gone. */
  async take(): Promise<ThreadRecording> {
    const last = this.#title();
    const finished = Promise.withResolvers<V8Profile>();
    this.#finished.set(last, finished);
    this.#turn++;
    await this.#command(`profile("${this.#title()}"); profileEnd("${last}")`);
    const profile = await finished.promise;
    this.#finished.delete(last);
    if (isPowerOfTwo(this.#turn)) await this.#learnFunctions();
    return { thread: this.thread, profile, coverage: this.#coverage };
  }

  /** Where functions lie changes as a program goes on, ever less; so it is asked for ever more rarely. */
  async #learnFunctions(): Promise<void> {
    const { result } = await this.#session.send<{ result: ScriptCoverage[] }>(
      "Profiler.getBestEffortCoverage",
    );
    this.#coverage = result;
  }

  #title(): string {
    return `spool-${this.#turn}`;
  }

  async #command(expression: string): Promise<void> {
    await this.#session.send("Runtime.evaluate", {
      expression: `${expression}\n//# sourceURL=${OWN_URL}sampler`,
      includeCommandLineAPI: true,
      silent: true,
    });
  }
}

function isPowerOfTwo(n: number): boolean {
  return (n & (n - 1)) === 0;
}
