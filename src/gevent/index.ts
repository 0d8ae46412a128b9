/**
 * gevent - layer 6: greenlets on the same core as asyncio, and the guard against calls that block them.
 * Python: `gevent`. Imports core, asyncio, threading. Begin with greenlet.ts, then monkey.ts (what can be made
 * cooperative in JavaScript and what can only be named) and monitor.ts (who names it).
 */
export * as event from "./event.ts";
export { type BlockingSite, findBlockingCalls } from "./find-blocking.ts";
export { type ErrorHandler, Greenlet, type KillOptions, getcurrent } from "./greenlet.ts";
export { Group } from "./group.ts";
export { Hub, getHub } from "./hub.ts";
export { idle, sleep } from "./idle.ts";
export { type BlockedFrame, type BlockedReport, BlockingMonitor, type MonitorOptions } from "./monitor.ts";
export * as monkey from "./monkey.ts";
export type { BlockingCall, PatchOptions } from "./monkey.ts";
export { Pool } from "./pool.ts";
export * as queue from "./queue.ts";
export { spawn, spawnLater } from "./spawn.ts";
export { ThreadPool } from "./thread-pool.ts";
export { Timeout } from "./timeout.ts";
export {
  type JoinAllOptions,
  type WaitManyOptions,
  type Waitable,
  iwait,
  joinall,
  killall,
  wait,
} from "./wait.ts";
export { BlockingCallError, GreenletExit } from "../core/index.ts";
