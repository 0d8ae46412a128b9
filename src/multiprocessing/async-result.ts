import { StateError, type WaitOptions } from "../core/index.ts";
import { Future, wait } from "../futures/index.ts";

/** What has been asked of a pool, perhaps not finished yet. Python: `multiprocessing.pool.AsyncResult`. */
export class AsyncResult<R> implements PromiseLike<R> {
  readonly #future: Future<R>;

  constructor(future: Future<R>) {
    this.#future = future;
  }

  /** The result, or the error thrown again; TimeoutError when it takes longer than `timeout` seconds. */
  get(options: WaitOptions = {}): Promise<R> {
    return this.#future.result(options);
  }

  /** Waits until it is finished or `timeout` seconds have passed; neither is an error. */
  async wait(options: WaitOptions = {}): Promise<void> {
    await wait([this.#future], options);
  }

  ready(): boolean {
    return this.#future.done();
  }

  /** Whether it ended without an error; a StateError before it is ready (Python: ValueError). */
  successful(): boolean {
    if (!this.ready()) throw new StateError("successful(): the result is not ready; await wait() first");
    return !this.#future.failed();
  }

  then<A = R, B = never>(
    onFulfilled?: ((value: R) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#future.then(onFulfilled, onRejected);
  }
}

/** The result of `mapAsync` and `starmapAsync`: all values in the order of the inputs. */
export class MapResult<R> extends AsyncResult<R[]> {}
