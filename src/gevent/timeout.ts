import { type Task, currentTask, moveOnAfter } from "../asyncio/index.ts";
import { StateError, TimeoutError, clock, requireFunction, requireSeconds } from "../core/index.ts";

/**
 * A timer that is its own error. `timeout.with(fn)` bounds a block. `start()` and `close()` around a piece of code of
 * a greenlet are the older form: when time is up, the greenlet's wait throws the timeout itself, so that it can be told
 * from those of others by identity; `close()`, in a `finally`, puts the greenlet in order again.
 * Python: `gevent.Timeout`.
 */
export class Timeout extends TimeoutError {
  readonly seconds: number;
  #stop: (() => void) | undefined = undefined;
  #task: Task<unknown> | undefined = undefined;
  #fired = false;
  /** A greenlet that ends without `close()` leaves no timer behind. */
  readonly #close = (): void => this.close();

  constructor(seconds: number) {
    super(`${requireSeconds("seconds", seconds)} s passed`);
    this.seconds = seconds;
  }

  /** Makes and starts one. */
  static startNew(seconds: number): Timeout {
    const timeout = new Timeout(seconds);
    timeout.start();
    return timeout;
  }

  /** Runs `fn` for at most `seconds`; `silent` returns undefined when they are over instead of throwing. */
  static async with<T>(
    seconds: number,
    fn: () => T | PromiseLike<T>,
    options: { readonly silent?: boolean } = {},
  ): Promise<T | undefined> {
    const timeout = new Timeout(seconds);
    if (!options.silent) return timeout.with(fn);
    return timeout.with(fn).catch((error: unknown) => {
      if (error !== timeout) throw error;
      return undefined;
    });
  }

  /** Whether it is running and has not fired. */
  get pending(): boolean {
    return this.#stop !== undefined;
  }

  /** Runs `fn`; throws this very object when time is up and everything in `fn` has ended. */
  async with<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    requireFunction("fn", fn);
    let value: { readonly value: T } | undefined;
    await moveOnAfter(this.seconds, async () => {
      value = { value: await fn() };
    });
    if (value === undefined) throw this;
    return value.value;
  }

  /** Starts the timer for the greenlet that calls. */
  start(): void {
    const task = currentTask();
    if (task === undefined)
      throw new StateError("Timeout.start() outside every greenlet; use timeout.with(fn)");
    if (this.pending) throw new StateError("The timeout is running already");
    this.#task = task;
    this.#stop = clock().after(this.seconds, () => {
      this.#stop = undefined;
      this.#fired = true;
      task.cancel(this);
    });
    task.addDoneCallback(this.#close);
  }

  /** Stops the timer; after it fired, lets the greenlet wait again. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#task?.removeDoneCallback(this.#close);
    if (this.#fired) this.#task?.uncancel();
    this.#fired = false;
  }

  cancel(): void {
    this.close();
  }
}
