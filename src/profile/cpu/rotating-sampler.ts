import type { CdpSession } from "../attach/session.ts";
import type { ScriptCoverage } from "../model/function-ranges.ts";
import type { ThreadRef } from "../model/sample.ts";
import { OWN_URL } from "../model/v8-profile.ts";
import type { V8Profile } from "../model/v8-types.ts";
import type { ThreadRecording } from "./thread-recorder.ts";

/** Learning where functions lie keeps the thread; when it took longer than so many milliseconds it is done once only. */
const LEARN_AGAIN_MS = 10;

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
  #learnMs = 0;
  #pause = 0;
  #turn = 0;

  constructor(session: CdpSession, thread: ThreadRef) {
    this.#session = session;
    this.thread = thread;
    session.on<{ title: string; profile: V8Profile }>("Profiler.consoleProfileFinished", (event) =>
      this.#finished.get(event.title)?.resolve(event.profile),
    );
  }

  /** Milliseconds for which the last `take` kept the thread from its work, by the thread's own clock. */
  get pause(): number {
    return this.#pause;
  }

  /** `interval` is in seconds. */
  async start(interval: number): Promise<void> {
    await this.#session.send("Profiler.enable");
    await this.#session.send("Profiler.setSamplingInterval", { interval: Math.round(interval * 1e6) });
    await this.#command(`profile("${this.#title()}")`);
    await this.#learnFunctions();
  }

  /** What was sampled since the last call. Rejects with ProfilerError when the thread has gone. */
  async take(): Promise<ThreadRecording> {
    const last = this.#title();
    const finished = Promise.withResolvers<V8Profile>();
    this.#finished.set(last, finished);
    this.#turn++;
    this.#pause = await this.#command(`profile("${this.#title()}"); profileEnd("${last}")`);
    const profile = await finished.promise;
    this.#finished.delete(last);
    if (isPowerOfTwo(this.#turn) && this.#learnMs < LEARN_AGAIN_MS) {
      await this.#learnFunctions();
      this.#pause += this.#learnMs;
    }
    return { thread: this.thread, profile, coverage: this.#coverage };
  }

  /**
   * Where functions lie changes as a program goes on, ever less; so it is asked for ever more rarely. Of a big program
   * (100 ms for a script of 9 MB) it is asked at the start only, where the sampler makes it wait anyway.
   */
  async #learnFunctions(): Promise<void> {
    const began = performance.now();
    const { result } = await this.#session.send<{ result: ScriptCoverage[] }>(
      "Profiler.getBestEffortCoverage",
    );
    this.#coverage = result;
    this.#learnMs = performance.now() - began;
  }

  #title(): string {
    return `spool-${this.#turn}`;
  }

  /** Gives the milliseconds that it took. */
  async #command(statements: string): Promise<number> {
    const { result } = await this.#session.send<{ result: { value: number } }>("Runtime.evaluate", {
      expression: `((began) => { ${statements}; return performance.now() - began; })(performance.now())
//# sourceURL=${OWN_URL}sampler`,
      includeCommandLineAPI: true,
      returnByValue: true,
      silent: true,
    });
    return result.value;
  }
}

function isPowerOfTwo(n: number): boolean {
  return (n & (n - 1)) === 0;
}
