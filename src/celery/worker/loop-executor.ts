import { CancelledError, TimeoutError, clock, onAbort } from "../../core/index.ts";
import { Future, type TaskOptions } from "../../futures/index.ts";

/** The part of the Executor contract that a worker's pool uses. */
export interface PoolExecutor {
  with(options: TaskOptions): PoolExecutor;
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: NoInfer<A>): Future<Awaited<R>>;
  shutdown(options?: { readonly wait?: boolean; readonly cancelFutures?: boolean }): Promise<void>;
}

/** Runs tasks in this thread's event loop; the worker itself bounds how many. */
export class LoopExecutor implements PoolExecutor {
  readonly #options: TaskOptions;

  constructor(options: TaskOptions = {}) {
    this.#options = options;
  }

  with(options: TaskOptions): LoopExecutor {
    return new LoopExecutor({ ...this.#options, ...options });
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: NoInfer<A>): Future<Awaited<R>> {
    const { timeout = Infinity, signal } = this.#options;
    const future = new Future<Awaited<R>>(() => true);
    const stopTimer =
      timeout === Infinity
        ? undefined
        : clock().after(timeout, () => {
            if (!future.done())
              future.setException(new TimeoutError(`The task ran longer than ${timeout} s`));
          });
    const unlink = onAbort(signal, () => {
      if (!future.done()) future.setException(new CancelledError("The task was stopped"));
    });
    future.setRunningOrNotifyCancel();
    void settle(future, fn, args).then(() => {
      stopTimer?.();
      unlink();
    });
    return future;
  }

  async shutdown(): Promise<void> {}
}

async function settle<A extends unknown[], R>(
  future: Future<Awaited<R>>,
  fn: (...args: A) => R,
  args: A,
): Promise<void> {
  try {
    const value = await fn(...args);
    if (!future.done()) future.setResult(value);
  } catch (error) {
    if (!future.done()) future.setException(error);
  }
}
