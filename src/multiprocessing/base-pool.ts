import { StateError, invalid, requireFunction, requireInteger } from "../core/index.ts";
import {
  type AnyIterable,
  type Delivered,
  type ExecutorStatistics,
  Future,
  type MapOptions,
  type TaskOptions,
} from "../futures/index.ts";
import { WorkerExecutor, type WorkerPoolOptions } from "../worker/index.ts";
import { AsyncResult, MapResult } from "./async-result.ts";
import { IMapIterator } from "./imap-iterator.ts";

export type PoolOptions = Omit<WorkerPoolOptions, "maxWorkers">;

export interface Callbacks<R> {
  readonly callback?: ((result: R) => void) | undefined;
  readonly errorCallback?: ((error: unknown) => void) | undefined;
}

/** The face that Pool and ThreadPool share; Python: `multiprocessing.pool.Pool`. */
export abstract class BasePool implements AsyncDisposable {
  readonly #executor: WorkerExecutor;
  #state: "running" | "closed" | "terminated" = "running";
  #end: Promise<void> | undefined;

  constructor(kind: "thread" | "process", workers: number | undefined, options: PoolOptions) {
    if (workers !== undefined) requireInteger("processes", workers, 1);
    this.#executor = new WorkerExecutor(kind, { ...options, maxWorkers: workers });
  }

  /** Runs `fn(...args)` and gives its result. */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: NoInfer<A> | [] = [],
    options: TaskOptions = {},
  ): Promise<Delivered<R>> {
    return this.#submit<Delivered<R>>(fn, args, options).result();
  }

  /** As `apply`, without waiting. */
  applyAsync<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: NoInfer<A> | [] = [],
    options: TaskOptions & Callbacks<Delivered<R>> = {},
  ): AsyncResult<Delivered<R>> {
    const { callback, errorCallback, ...rest } = options;
    return new AsyncResult(notify(this.#submit<Delivered<R>>(fn, args, rest), { callback, errorCallback }));
  }

  /** All results of `fn` over `items`, in order. For results as they come, or endless inputs, use `imap`. */
  map<T, R>(fn: (item: T) => R, items: AnyIterable<T>, options: MapOptions = {}): Promise<Awaited<R>[]> {
    return this.#collect<Awaited<R>>(fn, items, options, false);
  }

  mapAsync<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: MapOptions & Callbacks<Awaited<R>[]> = {},
  ): MapResult<Awaited<R>> {
    return this.#collectAsync<Awaited<R>>(fn, items, options, false);
  }

  /** `map` where each item is an argument list. */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: AnyIterable<Readonly<A>>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return this.#collect<Awaited<R>>(fn, items, options, true);
  }

  starmapAsync<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: AnyIterable<Readonly<A>>,
    options: MapOptions & Callbacks<Awaited<R>[]> = {},
  ): MapResult<Awaited<R>> {
    return this.#collectAsync<Awaited<R>>(fn, items, options, true);
  }

  /** Results in the order of the inputs, one by one, read and computed only a bounded distance ahead. */
  imap<T, R>(fn: (item: T) => R, items: AnyIterable<T>, options: MapOptions = {}): IMapIterator<Awaited<R>> {
    this.#requireRunning();
    return new IMapIterator(this.#executor.map(fn, items, { ...options, ordered: true }));
  }

  /** Results as they come. */
  imapUnordered<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options: MapOptions = {},
  ): IMapIterator<Awaited<R>> {
    this.#requireRunning();
    return new IMapIterator(this.#executor.map(fn, items, { ...options, ordered: false }));
  }

  /** No more work; what has been given is finished, then the workers end. */
  close(): void {
    if (this.#state !== "running") return;
    this.#state = "closed";
    this.#end = this.#executor.shutdown();
  }

  /** Stops the workers at once; results still open end with CancelledError. */
  terminate(): void {
    if (this.#state === "terminated") return;
    this.#state = "terminated";
    this.#end = this.#executor.terminate();
  }

  /** Waits until the workers have ended. `close` or `terminate` comes first, as in Python. */
  async join(): Promise<void> {
    if (this.#end === undefined)
      throw new StateError("join(): the pool is still running; call close() or terminate() first");
    await this.#end;
  }

  statistics(): ExecutorStatistics {
    return this.#executor.statistics();
  }

  /** As leaving Python's `with Pool(...)`: terminate, then join. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "running") this.terminate();
    await this.join();
  }

  #submit<R>(fn: (...args: any[]) => unknown, args: readonly unknown[], options: TaskOptions): Future<R> {
    this.#requireRunning();
    requireFunction("fn", fn);
    if (!Array.isArray(args)) throw invalid("args", args, "an array of arguments");
    return this.#executor.with(options).submit(fn, ...(args as [])) as Future<R>;
  }

  #collect<R>(
    fn: (...args: any[]) => unknown,
    items: AnyIterable<unknown>,
    options: MapOptions,
    spread: boolean,
  ): Promise<R[]> {
    this.#requireRunning();
    return this.#executor.collect<R>(fn, items, options, spread);
  }

  #collectAsync<R>(
    fn: (...args: any[]) => unknown,
    items: AnyIterable<unknown>,
    options: MapOptions & Callbacks<R[]>,
    spread: boolean,
  ): MapResult<R> {
    const { callback, errorCallback, ...rest } = options;
    const future = new Future<R[]>();
    this.#collect<R>(fn, items, rest, spread).then(
      (values) => future.setResult(values),
      (error: unknown) => future.setException(error),
    );
    return new MapResult(notify(future, { callback, errorCallback }));
  }

  #requireRunning(): void {
    if (this.#state !== "running") throw new StateError(`The pool is ${this.#state} and takes no more work`);
  }
}

function notify<R>(future: Future<R>, callbacks: Callbacks<R>): Future<R> {
  const { callback, errorCallback } = callbacks;
  if (callback === undefined && errorCallback === undefined) return future;
  future.addDoneCallback(() => {
    const outcome = future.outcome()!;
    if (outcome.ok) callback?.(outcome.value);
    else errorCallback?.(outcome.error);
  });
  return future;
}
