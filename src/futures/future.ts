import {
  CancelledError,
  InvalidStateError,
  type Outcome,
  failed,
  requireFunction,
  succeeded,
  unwrap,
  waitable,
  type WaitOptions,
} from "../core/index.ts";

/**
 * pending --setRunningOrNotifyCancel--> running --setResult/setException--> finished
 *    \--cancel--> cancelled               \--cancel (when the executor can stop running work)--> cancelled
 */
export type FutureState = "pending" | "running" | "cancelled" | "finished";

/** Where a task's time went, in seconds; asked for with `{ timing: true }`. */
export interface TaskTiming {
  /** From submit to the start on a worker. */
  readonly waited: number;
  /** On the worker, from start to end. */
  readonly ran: number;
  /** From submit to the result's arrival. */
  readonly total: number;
  /** The worker's name. */
  readonly worker: string;
}

/**
 * The result of a task that may not have finished yet. `await future` gives the result or throws its error.
 * Python: `concurrent.futures.Future`; `result()` and `exception()` return promises instead of blocking.
 */
export class Future<R> implements PromiseLike<R> {
  #state: FutureState = "pending";
  #outcome: Outcome<R> | undefined;
  #callbacks: ((future: Future<any>) => void)[] | undefined;
  #promise: Promise<R> | undefined;
  #resolve: { settle(value: R): void }["settle"] | undefined;
  #reject: ((error: unknown) => void) | undefined;
  readonly #stop: ((future: Future<any>) => boolean) | undefined;

  /** `stop` is the executor's way to withdraw or stop the work; it says whether it could. */
  constructor(stop?: (future: Future<any>) => boolean) {
    this.#stop = stop;
  }

  get state(): FutureState {
    return this.#state;
  }

  /** Set once done, if the task was submitted with `{ timing: true }`. */
  timing: TaskTiming | undefined;

  /**
   * Withdraws the task, or stops it where the executor can. Returns false once it has finished. Who waits gets
   * `reason`, by default a CancelledError.
   */
  cancel(reason?: unknown): boolean {
    if (this.#state === "cancelled") return true;
    if (this.#state === "finished") return false;
    if (this.#stop !== undefined && !this.#stop(this)) return false;
    if (this.#stop === undefined && this.#state === "running") return false;
    this.#finish("cancelled", failed(reason ?? new CancelledError("The task was cancelled")));
    return true;
  }

  cancelled(): boolean {
    return this.#state === "cancelled";
  }

  running(): boolean {
    return this.#state === "running";
  }

  done(): boolean {
    return this.#state === "finished" || this.#state === "cancelled";
  }

  /** Done without a result: it threw, was cancelled, or its worker died. */
  failed(): boolean {
    return this.#outcome !== undefined && !this.#outcome.ok;
  }

  /** What became of it, without waiting; undefined until done. */
  outcome(): Outcome<R> | undefined {
    return this.#outcome;
  }

  /** The result; waits up to `timeout` seconds. The task goes on when the wait gives up. */
  result(options: WaitOptions = {}): Promise<R> {
    if (this.#outcome !== undefined || (options.timeout === undefined && options.signal === undefined)) {
      return this.#asPromise();
    }
    const done = (): void => {
      const outcome = this.#outcome!;
      if (outcome.ok) wait.resolve(outcome.value);
      else wait.reject(outcome.error);
    };
    const wait = waitable<R>(options, "Waiting for a future", () => this.removeDoneCallback(done));
    if (wait.open) this.addDoneCallback(done);
    return wait.promise;
  }

  /** The error the task ended with, or null. Throws CancelledError when it was cancelled, as in Python. */
  async exception(options: WaitOptions = {}): Promise<unknown> {
    try {
      await this.result(options);
      return null;
    } catch (error) {
      if (this.#state !== "finished" || this.#outcome!.ok) throw error;
      return error;
    }
  }

  /** Calls `fn(this)` once done: at once when it already is. An error in `fn` is reported, not thrown. */
  addDoneCallback(fn: (future: Future<R>) => void): void {
    requireFunction("fn", fn);
    if (this.done()) report(fn, this);
    else (this.#callbacks ??= []).push(fn);
  }

  /** Takes back a callback that has not been called yet. */
  removeDoneCallback(fn: (future: Future<R>) => void): void {
    const index = this.#callbacks?.indexOf(fn) ?? -1;
    if (index >= 0) this.#callbacks!.splice(index, 1);
  }

  /** For executors: false when the future was cancelled meanwhile and must not be run. */
  setRunningOrNotifyCancel(): boolean {
    if (this.#state === "cancelled") return false;
    if (this.#state !== "pending")
      throw new InvalidStateError(`A ${this.#state} future cannot be set running`);
    this.#state = "running";
    return true;
  }

  /** For executors and tests. */
  setResult(value: R): void {
    this.#requireOpen("setResult");
    this.#finish("finished", succeeded(value));
  }

  /** For executors and tests. */
  setException(error: unknown): void {
    this.#requireOpen("setException");
    this.#finish("finished", failed(error));
  }

  then<A = R, B = never>(
    onFulfilled?: ((value: R) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<R | B> {
    return this.#asPromise().then(undefined, onRejected);
  }

  finally(fn?: (() => void) | null): Promise<R> {
    return this.#asPromise().finally(fn);
  }

  get [Symbol.toStringTag](): string {
    return "Future";
  }

  #asPromise(): Promise<R> {
    if (this.#promise !== undefined) return this.#promise;
    if (this.#outcome !== undefined) {
      this.#promise = new Promise((resolve) => resolve(unwrap(this.#outcome!)));
    } else {
      // Costs half of what Promise.withResolvers does.
      this.#promise = new Promise<R>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    }
    return this.#promise;
  }

  /** For executors that derive from it: the future has just been settled, callbacks come after. */
  protected settled(): void {}

  #requireOpen(call: string): void {
    if (this.done()) throw new InvalidStateError(`${call}: the future is already ${this.#state}`);
  }

  #finish(state: "finished" | "cancelled", outcome: Outcome<R>): void {
    this.#state = state;
    this.#outcome = outcome;
    this.settled();
    if (this.#resolve !== undefined) {
      if (outcome.ok) this.#resolve(outcome.value);
      else this.#reject!(outcome.error);
      this.#resolve = this.#reject = undefined;
    }
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks !== undefined) for (const fn of callbacks) report(fn, this);
  }
}

/** A callback's error belongs to whoever wrote the callback, never to the task: it surfaces as an uncaught exception. */
function report<R>(fn: (future: Future<R>) => void, future: Future<R>): void {
  try {
    fn(future);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
