/**
 * worker - layer 2, private: the only folder that knows threads and child processes. Imports core, memory,
 * closures, futures.
 *
 *   submit -> Dispatcher (one backlog) -> Seat (a worker and what is bound to it) -> Peer (thread or process)
 *          <- Future                   <-                                         <- entry/: Runner
 *
 * Begin with protocol.ts (what crosses), then dispatcher.ts, seat.ts, entry/runner.ts. crew.ts says which workers there
 * are; stopper.ts how a running task is stopped. The way between is outbox.ts and inbox.ts, over batch-channel.ts
 * (messages: anything) and ring.ts (shared memory: small plain values, at a fraction of the cost).
 */
export { type OwnRun, ownRun, performOwnRun } from "./own-run.ts";
export type { ContextCarrier, WorkerPoolOptions } from "./options.ts";
export type { ResourceLimits } from "./peer.ts";
export { type PoolWorker, WorkerExecutor } from "./worker-executor.ts";
export { type Lone, type LoneEnd, type LoneInfo, loneInfo } from "./lone.ts";
export { bequeath, heirloom } from "./heirlooms.ts";
export { startLoneProcess } from "./lone-process.ts";
export { type LoneThread, startLoneThread } from "./lone-thread.ts";
export { refuseWhileLoading } from "./loading.ts";
