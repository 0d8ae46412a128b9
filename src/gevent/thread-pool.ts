import { runInExecutor, mapLimit } from "../asyncio/index.ts";
import { requireInteger } from "../core/index.ts";
import { ThreadPoolExecutor } from "../threading/index.ts";
import { Greenlet } from "./greenlet.ts";

/**
 * Worker threads for what would block greenlets. Functions travel with what they capture. `await using` ends the
 * threads. Python: `gevent.threadpool.ThreadPool`.
 */
export class ThreadPool implements AsyncDisposable {
  readonly maxSize: number;
  readonly #executor: ThreadPoolExecutor;

  constructor(maxSize: number) {
    this.maxSize = requireInteger("maxSize", maxSize, 1);
    this.#executor = new ThreadPoolExecutor({ maxWorkers: maxSize, threadNamePrefix: "gevent" });
  }

  /** Runs `fn(...args)` in a thread; the greenlet ends with it, and killing it stops the call. */
  spawn<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Greenlet<Awaited<R>> {
    const greenlet = new Greenlet<Awaited<R>>(() => this.apply(fn, ...args));
    greenlet.name = fn.name || greenlet.name;
    greenlet.start();
    return greenlet;
  }

  async apply<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    return (await runInExecutor<A, R>(this.#executor, fn, ...(args as never))) as Awaited<R>;
  }

  /** Runs `fn` over the items, in all threads, and gives the values in order. */
  map<T, R>(fn: (item: T) => R, items: Iterable<T>): Promise<Awaited<R>[]> {
    return mapLimit(items, this.maxSize, (item) => this.apply(fn, item));
  }

  /** Lets running calls finish and ends the threads. */
  async join(): Promise<void> {
    await this.#executor.shutdown();
  }

  /** Ends the threads; calls that have not started never do. */
  async kill(): Promise<void> {
    await this.#executor.shutdown({ cancelFutures: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.join();
  }
}
