import { WorkerExecutor, type WorkerPoolOptions } from "../worker/index.ts";

export interface ThreadPoolExecutorOptions extends WorkerPoolOptions {
  /** Threads are called `<prefix>_0`, `<prefix>_1`...; another word for `name`, Python's. */
  readonly threadNamePrefix?: string | undefined;
}

/**
 * Runs functions in worker threads, on every core. Python: `concurrent.futures.ThreadPoolExecutor`, but these threads
 * do run in parallel; each has its own globals, and arguments and results are copied unless they are in `transfer` or
 * on a SharedArrayBuffer. A thread costs about 8 MB and 35 ms. A crash of native code takes the whole program with
 * it: use ProcessPoolExecutor for code that you do not trust so far.
 *
 * @example
 * const factor = 3;
 * await using pool = new ThreadPoolExecutor();
 * for await (const y of pool.map((x) => x * factor, [1, 2, 3])) console.log(y);
 */
export class ThreadPoolExecutor extends WorkerExecutor {
  constructor(options: ThreadPoolExecutorOptions = {}) {
    super("thread", options, options?.threadNamePrefix);
  }
}
