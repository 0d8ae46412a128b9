/**
 * sync - layer 2: locks, semaphores, conditions, events, barriers and shared values, each written once over memory/,
 * so that threads and processes, blocking and asynchronous callers use the same object. Python: the primitives of
 * `threading` and `multiprocessing`. Imports memory and core. Begin with lock.ts.
 */
export { RawArray, SharedArray } from "./array.ts";
export { Barrier, type BarrierOptions } from "./barrier.ts";
export { Condition } from "./condition.ts";
export { Event } from "./event.ts";
export { type AcquireOptions, BaseLock, type Held, Lock } from "./lock.ts";
export { RLock } from "./rlock.ts";
export { BoundedSemaphore, Semaphore } from "./semaphore.ts";
export { type Home, shareable } from "./share.ts";
export { type ShareableItem, ShareableList } from "./shareable-list.ts";
export { SharedMemory, type SharedMemoryOptions } from "./shared-memory.ts";
export { SharedMemoryManager } from "./shared-memory-manager.ts";
export { type Element, type Elements, type TypeCode } from "./types.ts";
export { RawValue, Value } from "./value.ts";
export type { Abandoned, MemoryKind, MutexStatistics } from "../memory/index.ts";
export {
  BrokenBarrierError,
  LockAbandonedError,
  LockOwnershipError,
  StateError,
  TimeoutError,
} from "../core/index.ts";
