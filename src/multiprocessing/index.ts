/**
 * multiprocessing - layer 4: Python's `multiprocessing`, and the executor over processes. Imports the layers below;
 * never threading. Begin with process-pool-executor.ts, then pool.ts.
 */
export { ProcessPoolExecutor, type ProcessPoolExecutorOptions } from "./process-pool-executor.ts";
