/**
 * futures - layer 1: what a task's result is and what an executor promises. Python: `concurrent.futures`.
 * Imports core only. Begin with executor.ts (the contract), then future.ts.
 */
export { Future, type FutureState } from "./future.ts";
export type {
  AnyIterable,
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
  BrokenExecutor,
  BrokenProcessPool,
  BrokenThreadPool,
  CancelledError,
  InvalidStateError,
  QueueFullError,
  SerializationError,
  TimeoutError,
} from "../core/index.ts";
