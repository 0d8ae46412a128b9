import {
  CancelledError,
  type WaitOptions,
  TimeoutError,
  abortReason,
  clock,
  onAbort,
  requireSeconds,
  requireSignal,
} from "../core/index.ts";
import { isCancellation } from "./cancellation.ts";
import { interruptible } from "./interruptible.ts";
import { reportSuppressed, watchStall } from "./report.ts";
import { type Holder, Scope, currentScope } from "./scope.ts";
import { type Site, captureSite, siteText } from "./site.ts";
import { Task } from "./task.ts";

/** What `gather` and its kin take: functions are run and owned; tasks and promises are only waited for. */
export type Work<T> = (() => T | PromiseLike<T>) | PromiseLike<T>;

/**
 * Runs that share one scope and are waited for together. Lighter than a group of tasks: one scope for all of them
 * and one async call per function. The first error (or `stop`) cancels the rest; `ended` settles when all have.
 */
export abstract class Batch implements Holder {
  readonly kind = "batch";
  readonly name: string;
  readonly scope: Scope;
  readonly site: Site;
  live = 0;
  errors: unknown[] = [];
  interrupted = false;
  readonly ended: Promise<void>;
  #timedOut: string | undefined = undefined;
  #resolveEnded!: () => void;
  #release: (() => void) | undefined;
  #stopStallWatch: (() => void) | undefined = undefined;

  constructor(name: string, below: (...args: any[]) => unknown, options: WaitOptions = {}) {
    // Before the scope is in the tree: a refusal leaves nothing behind.
    requireSeconds("timeout", options.timeout);
    requireSignal("signal", options.signal);
    this.name = name;
    this.site = captureSite(below);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.scope = new Scope(currentScope());
    this.scope.holder = this;
    this.#release = this.#limit(options);
  }

  /** Called with each value; errors and cancellations are dealt with here. */
  protected abstract succeeded(index: number, value: unknown): void;

  /** What an error means: by default the rest is cancelled. */
  protected failed(_index: number, error: unknown): void {
    this.errors.push(error);
    this.stop(`${this.name} was cancelled because one of its calls failed`, error);
  }

  onCancelled(): void {
    this.#stopStallWatch = watchStall(this.scope, this.name);
  }

  describe(): string {
    return `${this.live} live, called at ${siteText(this.site)}`;
  }

  /** Starts all of it; a function that would start in a cancelled scope does not. */
  start(works: readonly Work<unknown>[]): void {
    this.scope.run(startAll, this, works);
  }

  /** Cancels what still runs. */
  stop(message: string, cause?: unknown): void {
    if (!this.scope.cancelled) this.scope.cancel(new CancelledError(message, { cause }));
  }

  /** Throws what the batch ended with: its first real error, or the cancellation from above. */
  throwOutcome(): void {
    if (this.errors.length > 0) {
      if (this.errors.length > 1) reportSuppressed(this.name, this.errors.slice(1));
      throw this.errors[0];
    }
    if (!this.interrupted) return;
    if (this.#timedOut !== undefined) throw new TimeoutError(this.#timedOut);
    if (!this.scope.own) throw this.scope.reason;
  }

  settleOk(index: number, value: unknown): void {
    this.succeeded(index, value);
    this.done();
  }

  settleError(index: number, error: unknown): void {
    if (isCancellation(this.scope, error)) this.interrupted = true;
    else this.failed(index, error);
    this.done();
  }

  done(): void {
    if (--this.live > 0) return;
    this.scope.unlink();
    this.#stopStallWatch?.();
    this.#release?.();
    this.#resolveEnded();
  }

  #limit({ timeout, signal }: WaitOptions): (() => void) | undefined {
    if (timeout === undefined && signal === undefined) return undefined;
    const stopTimer = clock().after(timeout ?? Infinity, () => {
      if (this.scope.cancelled) return;
      this.#timedOut = `${this.name} timed out after ${timeout} s`;
      this.stop(this.#timedOut);
    });
    const unlink = onAbort(signal, () => this.scope.inherit(abortReason(signal!)));
    return () => {
      stopTimer();
      unlink();
    };
  }
}

function startAll(batch: Batch, works: readonly Work<unknown>[]): void {
  batch.live = works.length + 1;
  for (let i = 0; i < works.length; i++) void drive(batch, i, works[i]!);
  batch.done();
}

async function drive(batch: Batch, index: number, work: Work<unknown>): Promise<void> {
  let value: unknown;
  try {
    if (batch.scope.cancelled) throw batch.scope.reason;
    value = await (typeof work === "function" ? work() : waitForForeign(batch, work));
  } catch (error) {
    batch.settleError(index, error);
    return;
  }
  batch.settleOk(index, value);
}

/** Work that others own is not cancelled with the batch; only the wait for it ends. */
function waitForForeign(batch: Batch, work: PromiseLike<unknown>): PromiseLike<unknown> {
  return work instanceof Task ? work.join() : interruptible(work, batch.name);
}
