/**
 * celery - layer 6: tasks on many machines, in the protocol of Python's Celery. Imports core, futures and the rooms
 * whose executors a worker can run on. Begin with app.ts (what users hold), then task.ts and publisher.ts (the way
 * out), worker/worker.ts (the way in). protocol/ is the wire, brokers/ and backends/ carry it and know of no workers,
 * canvas/ is chain, group and chord, middleware/ wraps a task's run, control/ and events/ are the remote control.
 */
export { Celery } from "./app.ts";
export { Beat, type BeatOptions } from "./beat/beat.ts";
export { crontab, schedule, type CrontabOptions, type Schedule } from "./beat/crontab.ts";
export { solar, type SolarEvent } from "./beat/solar.ts";
export { ClusterExecutor } from "./cluster-executor.ts";
export type { TestWorker } from "./testing.ts";
export {
  Control,
  Inspect,
  type BroadcastOptions,
  type Replies,
  type RevokeOptions,
} from "./control/control.ts";
export { Events } from "./events/receiver.ts";
export type { WireEvent } from "./events/sender.ts";
export type { CallOptions } from "./canvas/options.ts";
export { GroupSignature, Signature } from "./canvas/signature.ts";
export { chain, chord, chunks, group, map, starmap, map as xmap, type Step } from "./canvas/workflows.ts";
export { TaskRequest, type DeliveryInfo, type RetryCall } from "./context.ts";
export type { ArgumentsSchema, ErrorFilter, TaskOptions } from "./definition.ts";
export { EagerResult } from "./eager.ts";
export { GroupResult, ResultSet } from "./group-result.ts";
export { Decimal, PlainDateOrTime } from "./protocol/markers.ts";
export type { ResultMeta, TaskState } from "./backends/backend.ts";
export { AsyncResult, SentResult, type GetOptions, type StateUpdate } from "./result.ts";
export type { BeatEntryOptions, QueueOptions, Route, Routes, Settings } from "./settings.ts";
export { isTask, type Task } from "./task.ts";
export { Worker } from "./worker/worker.ts";
export type { WorkerOptions } from "./worker/options.ts";
export type { Logger, LogLevel } from "./worker/context.ts";
export {
  ChordError,
  ContentDisallowed,
  DecodeError,
  EncodeError,
  Ignore,
  MaxRetriesExceededError,
  NotRegistered,
  OperationalError,
  Reject,
  Retry,
  SoftTimeLimitExceeded,
  TaskError,
  TaskRevokedError,
  TimeLimitExceeded,
  WorkerLostError,
} from "../core/index.ts";
