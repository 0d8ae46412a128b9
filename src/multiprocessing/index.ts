/**
 * multiprocessing - layer 4: Python's `multiprocessing`, and the executor over processes. Imports the layers below;
 * never threading. Begin with process-pool-executor.ts, then pool.ts.
 */
export { ProcessPoolExecutor, type ProcessPoolExecutorOptions } from "./process-pool-executor.ts";
export { Pool } from "./pool.ts";
export { ThreadPool } from "./thread-pool.ts";
export type { Callbacks, PoolOptions } from "./base-pool.ts";
export { AsyncResult, MapResult } from "./async-result.ts";
