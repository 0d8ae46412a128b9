/**
 * threading - layer 4: Python's `threading`, and the executor over threads. Imports the layers below; never
 * multiprocessing. Begin with thread-pool-executor.ts.
 */
export { ThreadPoolExecutor, type ThreadPoolExecutorOptions } from "./thread-pool-executor.ts";
export { type ExceptHook, type ExceptHookArgs, excepthook, setExceptHook } from "./excepthook.ts";
export { local } from "./local.ts";
export {
  Array,
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  JoinableQueue,
  Lock,
  Queue,
  RawArray,
  RawValue,
  RLock,
  Semaphore,
  Value,
} from "./primitives.ts";
export {
  activeCount,
  currentThread,
  enumerate,
  getIdent,
  getNativeId,
  mainThread,
  Thread,
  type ThreadInfo,
  type ThreadOptions,
} from "./thread.ts";
export { Timer } from "./timer.ts";
export { BrokenBarrierError, LockAbandonedError, LockOwnershipError } from "../core/index.ts";
