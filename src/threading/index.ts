/**
 * threading - layer 4: Python's `threading`, and the executor over threads. Imports the layers below; never
 * multiprocessing. Begin with thread-pool-executor.ts.
 */
export { ThreadPoolExecutor, type ThreadPoolExecutorOptions } from "./thread-pool-executor.ts";
