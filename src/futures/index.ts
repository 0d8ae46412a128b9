/**
 * futures - layer 1: what a task's result is, what an executor promises, and the executors that need no worker.
 * Python: `concurrent.futures`. Imports core only. Begin with executor.ts (the contract), then future.ts; map.ts and
 * chunk-stream.ts hold the machinery of `map` for every executor; base-executor.ts makes an executor of a Scheduler.
 */
export { Future, type FutureState, type TaskTiming } from "./future.ts";
export type {
  AnyIterable,
  Delivered,
  Executor,
  ExecutorStatistics,
  MapOptions,
  Progress,
  Result,
  ShutdownOptions,
  TaskFunction,
  TaskOptions,
} from "./executor.ts";
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type DoneAndPending,
  type ReturnWhen,
  type WaitForOptions,
  asCompleted,
  wait,
} from "./wait.ts";
export { EventLoopExecutor, type EventLoopExecutorOptions } from "./event-loop-executor.ts";
export { InlineExecutor } from "./inline-executor.ts";
export { BaseExecutor, type Scheduler, checkTaskOptions } from "./base-executor.ts";
export type { Chunk, Mapper } from "./chunk.ts";
export { isThenable, runChunk } from "./run-chunk.ts";
export { TaskScope, enterScope, leaveScope, taskSignal } from "./task-scope.ts";
export { progressLine } from "./progress.ts";
export {
  BrokenExecutor,
  BrokenProcessPool,
  BrokenThreadPool,
  CancelledError,
  InvalidStateError,
  QueueFullError,
  SerializationError,
  TimeoutError,
} from "../core/index.ts";
