/**
 * spool: Python's whole concurrency stack for TypeScript.
 *
 * Layers, lowest first; a folder imports only from lower ones (test/architecture.test.ts holds the table):
 *   0  core                         errors, cancellation, clock
 *   1  memory, closures, futures    shared memory; shipped functions; results and the Executor contract
 *   2  sync, worker                 locks and values; threads and processes
 *   3  channels                     queues, pipes, managers
 *   4  threading, multiprocessing   Python's modules
 *   5  asyncio                      structured concurrency in one loop, with a way into threads
 *   6  gevent, celery               greenlets; many machines
 *      profile, compare             where time and memory go; which model to use
 *   7  dashboard, cli, testing      the faces
 */
export * from "./futures/index.ts";
export { ArgumentError, SpoolError, StateError, UnsupportedError } from "./core/index.ts";
export { ThreadPoolExecutor, type ThreadPoolExecutorOptions } from "./threading/index.ts";
export {
  Pool,
  ProcessPoolExecutor,
  type ProcessPoolExecutorOptions,
  ThreadPool,
} from "./multiprocessing/index.ts";
