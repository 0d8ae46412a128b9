/**
 * multiprocessing - layer 4: Python's `multiprocessing`, and the executor over processes. Imports the layers below;
 * never threading. Begin with process-pool-executor.ts, then pool.ts.
 */
export { ProcessPoolExecutor, type ProcessPoolExecutorOptions } from "./process-pool-executor.ts";
export { Pool } from "./pool.ts";
export { ThreadPool } from "./thread-pool.ts";
export type { Callbacks, PoolOptions } from "./base-pool.ts";
export { AsyncResult, MapResult } from "./async-result.ts";
export { IMapIterator } from "./imap-iterator.ts";
export {
  cpuCount,
  freezeSupport,
  getAllStartMethods,
  getStartMethod,
  setStartMethod,
  type StartMethod,
} from "./context.ts";
export { type Context, getContext } from "./get-context.ts";
export { getLogger, type Logger, type LogLevel, logToStderr } from "./logger.ts";
export { Manager, SyncManager } from "./manager.ts";
export { Pipe } from "./pipe.ts";
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
  SimpleQueue,
  Value,
} from "./primitives.ts";
export {
  activeChildren,
  currentProcess,
  parentProcess,
  Process,
  type ProcessInfo,
  type ProcessOptions,
} from "./process.ts";
export {
  type Address,
  BaseManager,
  Client,
  type ClientOptions,
  type Connection,
  Listener,
  type ListenerOptions,
  type ManagerOptions,
  type Proxied,
  wait,
} from "../channels/index.ts";
export {
  type ShareableItem,
  ShareableList,
  SharedMemory,
  SharedMemoryManager,
  type SharedMemoryOptions,
} from "../sync/index.ts";
export {
  AuthenticationError,
  BrokenBarrierError,
  BufferTooShort,
  Empty,
  EOFError,
  Full,
  LockAbandonedError,
  LockOwnershipError,
  ShutDown,
  TimeoutError,
} from "../core/index.ts";
