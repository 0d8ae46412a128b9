import {
  CancelledError,
  InvalidStateError,
  type Outcome,
  failed,
  requireFunction,
  succeeded,
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
 *
 * It is a promise, so that `await` costs what it costs for any other one; `then`, `catch` and `finally` give plain
 * promises. An error that nobody looks at is not reported, as in Python.
 */
export class Future<R> extends Promise<R> {
  #state: FutureState = "pending";
  /** The result, or the error. */
  #value: unknown = undefined;
  #failed = false;
  #callbacks: ((future: Future<any>) => void)[] | undefined = undefined;
  readonly #resolve: { settle(value: R): void }["settle"];
  readonly #reject: (error: unknown) => void;
  readonly #stop: ((future: Future<any>) => boolean) | undefined;

  /** What `then` gives is a plain promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** `stop` is the executor's way to withdraw or stop the work; it says whether it could. */
  constructor(stop?: (future: Future<any>) => boolean) {
    super(takeSettlers);
    this.#resolve = settlers.resolve!;
    this.#reject = settlers.reject!;
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
    this.#fail("cancelled", reason ?? new CancelledError("The task was cancelled"));
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
    return this.#failed;
  }

  /** What became of it, without waiting; undefined until done. */
  outcome(): Outcome<R> | undefined {
    if (!this.done()) return undefined;
    return this.#failed ? failed(this.#value) : succeeded(this.#value as R);
  }

  /** The result; waits up to `timeout` seconds. The task goes on when the wait gives up. */
  result(options: WaitOptions = {}): Promise<R> {
    if (this.done() || (options.timeout === undefined && options.signal === undefined))
      return this.then(undefined);
    const done = (): void => {
      if (this.#failed) wait.reject(this.#value);
      else wait.resolve(this.#value as R);
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
      if (this.#state !== "finished" || !this.#failed) throw error;
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
    this.#state = "finished";
    this.#value = value;
    this.settled();
    this.#resolve(value);
    if (this.#callbacks !== undefined) this.#callBack();
  }

  /** For executors and tests. */
  setException(error: unknown): void {
    this.#requireOpen("setException");
    this.#fail("finished", error);
  }

  override get [Symbol.toStringTag](): string {
    return "Future";
  }

  /** For executors that derive from it: the future has just been settled, callbacks come after. */
  protected settled(): void {}

  #requireOpen(call: string): void {
    if (this.done()) throw new InvalidStateError(`${call}: the future is already ${this.#state}`);
  }

  #fail(state: "finished" | "cancelled", error: unknown): void {
    this.#state = state;
    this.#failed = true;
    this.#value = error;
    this.settled();
    void this.then(undefined, ignore);
    this.#reject(error);
    if (this.#callbacks !== undefined) this.#callBack();
  }

  #callBack(): void {
    const callbacks = this.#callbacks!;
    this.#callbacks = undefined;
    for (const fn of callbacks) report(fn, this);
  }
}

// With this the engine takes a future for a promise of its own: `await` needs no second one, and calls no `then`.
void Object.defineProperty(Future.prototype, "constructor", { value: Promise });

/** What `super` has made of the future that is just being constructed; the arguments of `new` cannot carry it out. */
const settlers: {
  resolve: ((value: any) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
} = { resolve: undefined, reject: undefined };

function takeSettlers(resolve: (value: any) => void, reject: (error: unknown) => void): void {
  settlers.resolve = resolve;
  settlers.reject = reject;
}

function ignore(): void {}

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
