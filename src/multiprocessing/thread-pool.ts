import { BasePool, type PoolOptions } from "./base-pool.ts";

/** Pool's face over threads. Python: `multiprocessing.pool.ThreadPool`. */
export class ThreadPool extends BasePool {
  constructor(threads?: number, options: PoolOptions = {}) {
    super("thread", threads, options);
  }
}
