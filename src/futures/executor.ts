import type { Future } from "./future.ts";

/** What a task function returns, seen from the caller: promises are awaited on the other side. */
export type Result<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** Any function that can be a task. */
export type TaskFunction<A extends unknown[] = any[], R = unknown> = (...args: A) => R;

/**
 * A task's value as its caller receives it: promises are awaited, and what a generator yields streams back as an
 * AsyncIterable, a bounded distance ahead of its reader.
 */
export type Delivered<R> = [Awaited<R>] extends [never]
  ? never
  : Awaited<R> extends Generator<infer Y> | AsyncGenerator<infer Y>
    ? AsyncIterableIterator<Y>
    : Awaited<R>;

/** What can be said about one task; a view of the executor carries it: `executor.with({ timeout: 5 }).submit(fn)`. */
export interface TaskOptions {
  /** Seconds that the task may run, counted from its start on a worker; then it is stopped, busy loop or not. */
  readonly timeout?: number | undefined;
  /** Cancels the task, queued or running. */
  readonly signal?: AbortSignal | undefined;
  /** Higher runs first among queued tasks; equal priorities run in order of submission. Default 0. */
  readonly priority?: number | undefined;
  /** How often the task is run again when its worker died under it (not when it threw). Default 0. */
  readonly retries?: number | undefined;
  /** Moved, not copied: ArrayBuffers, MessagePorts and the like among the arguments. */
  readonly transfer?: readonly unknown[] | undefined;
  /** Shown in errors and statistics; default the function's own name. */
  readonly name?: string | undefined;
  /** Measure the task; `future.timing` then holds where its time went. Default false. */
  readonly timing?: boolean | undefined;
}

export interface Progress {
  readonly done: number;
  /** Number of inputs where the input says (arrays, sets, typed arrays), else undefined. */
  readonly total: number | undefined;
  readonly failed: number;
  /** Seconds since the first input was taken. */
  readonly elapsed: number;
}

export interface MapOptions extends TaskOptions {
  /**
   * Inputs per message; default: chosen from the measured task time so that crossing costs stay small (and 1 with
   * `timeout`, which then holds for each input; a chunk of n inputs may take n times as long).
   */
  readonly chunkSize?: number | undefined;
  /** Results in the order of the inputs (default), or as they come. */
  readonly ordered?: boolean | undefined;
  /** Most inputs taken ahead of the consumer, so that endless inputs are safe. Default: four chunks a worker. */
  readonly buffer?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Draws a progress bar on stderr when it is a terminal. */
  readonly progress?: boolean | undefined;
}

export interface ShutdownOptions {
  /** Wait for running and queued tasks (default true). */
  readonly wait?: boolean | undefined;
  /** Cancel what has not started (default false). */
  readonly cancelFutures?: boolean | undefined;
}

export interface ExecutorStatistics {
  readonly workers: number;
  readonly idleWorkers: number;
  readonly queued: number;
  readonly running: number;
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Workers that died under a task and were replaced. */
  readonly workersLost: number;
}

/** Anything that can be iterated over, sooner or later. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Where work runs. The same contract holds for the event loop, threads, processes and a Celery cluster, so that
 * code written against it moves from one to the other by changing one line. Python: `concurrent.futures.Executor`.
 */
export interface Executor extends AsyncDisposable {
  /** Schedules `fn(...args)` and returns at once. What cannot be shipped throws here, before anything runs. */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: NoInfer<A>): Future<Delivered<R>>;

  /**
   * Runs `fn` over the inputs, lazily: inputs are taken and results held only a bounded distance ahead of the
   * reader, and nothing starts before the first `next()`. The first error ends the iteration, as in Python.
   */
  map<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  map<T, U, R>(
    fn: (a: T, b: U) => R,
    first: AnyIterable<T>,
    second: AnyIterable<U>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  map<T, U, V, R>(
    fn: (a: T, b: U, c: V) => R,
    first: AnyIterable<T>,
    second: AnyIterable<U>,
    third: AnyIterable<V>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>;

  /** The same executor with these options for each task submitted through the view. */
  with(options: TaskOptions): Executor;

  /** Ends the executor: no new work; by default resolves when everything submitted has finished. Idempotent. */
  shutdown(options?: ShutdownOptions): Promise<void>;
  statistics(): ExecutorStatistics;
}
