/**
 * asyncio - layer 5: structured concurrency in one event loop. Python: `asyncio`, with trio's guarantees: a group
 * ends only after everything in it has ended, and cancellation reaches every wait.
 * Imports core, closures, futures and threading (for toThread). Begin with scope.ts (the tree that cancellation runs down), then waiter.ts (one wait),
 * task.ts, task-group.ts; batch.ts carries gather, race, mapLimit and asCompleted. Everything else is one verb or
 * one primitive per file.
 */
export { type Completed, asCompleted } from "./as-completed.ts";
export { Barrier } from "./barrier.ts";
export type { Work } from "./batch.ts";
export { CapacityLimiter } from "./capacity-limiter.ts";
export { Condition } from "./condition.ts";
export { allTasks, createTask } from "./create-task.ts";
export { Event } from "./event.ts";
export { type Gathered, type ValueOf, gather, gatherSettled } from "./gather.ts";
export { group } from "./group.ts";
export { LifoQueue } from "./lifo-queue.ts";
export { type EventLoop, getLoop, reviveLoop } from "./loop.ts";
export { Lock } from "./lock.ts";
export { mapLimit } from "./map-limit.ts";
export {
  type ChannelStatistics,
  MemoryReceiveChannel,
  MemorySendChannel,
  openMemoryChannel,
} from "./memory-channel.ts";
export { type Comparator, PriorityQueue } from "./priority-queue.ts";
export { type ProcessNode, ps, pstree } from "./ps.ts";
export { Queue } from "./queue.ts";
export { race } from "./race.ts";
export { runCoroutineThreadsafe } from "./run-coroutine-threadsafe.ts";
export { runInExecutor, setDefaultExecutor, shutdownDefaultExecutor, toThread } from "./run-in-executor.ts";
export { type RunOptions, Runner, run } from "./runner.ts";
export { currentSignal } from "./scope.ts";
export { BoundedSemaphore, Semaphore } from "./semaphore.ts";
export { type DebugFinding, type DebugOptions, isDebug, setDebug } from "./set-debug.ts";
export { shield } from "./shield.ts";
export { type SleepOptions, checkpoint, currentTime, sleep } from "./sleep.ts";
export { type OpenConnectionOptions, openConnection, openUnixConnection } from "./streams/open-connection.ts";
export {
  type ConnectionHandler,
  type Server,
  type StartServerOptions,
  startServer,
  startUnixServer,
} from "./streams/start-server.ts";
export { StreamReader } from "./streams/stream-reader.ts";
export { type ExtraInfo, StreamWriter } from "./streams/stream-writer.ts";
export {
  DEVNULL,
  PIPE,
  type Subprocess,
  type SubprocessOptions,
  createSubprocessExec,
  createSubprocessShell,
} from "./subprocess.ts";
export { type SupervisorOptions, supervisor } from "./supervisor.ts";
export { type GroupOptions, TaskGroup } from "./task-group.ts";
export { Task, type TaskOptions, type TaskState, currentTask } from "./task.ts";
export { type Deadline, type TimeoutOptions, moveOnAfter, timeout, timeoutAt } from "./timeout.ts";
export { waitFor } from "./wait-for.ts";
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  type TaskWaitOptions,
  wait,
} from "./wait.ts";
export {
  BrokenBarrierError,
  BrokenResourceError,
  CancelledError,
  ClosedResourceError,
  DeadlockError,
  Empty,
  EOFError,
  ExceptionGroup,
  Full,
  IncompleteReadError,
  Interrupted,
  InvalidStateError,
  LimitOverrunError,
  LockOwnershipError,
  ShutDown,
  TimeoutError,
  UnhandledTaskError,
} from "../core/index.ts";
