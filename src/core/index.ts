/**
 * core - layer 0: pure control flow, no Node modules. Errors, outcomes, cancellation, clock, first-in first-out
 * queue, life cycle, validation. Imports nothing; everybody may import it. Not a public entry of the package: what
 * users need of it is exported again by the rooms above. Begin with errors.ts, then cancel.ts.
 */
export * from "./errors.ts";
export { type Outcome, failed, succeeded, unwrap } from "./outcome.ts";
export type { Alarm, AlarmSetter } from "./alarms.ts";
export { type Clock, clock, systemClock, useClock } from "./clock.ts";
export { Fifo } from "./fifo.ts";
export { PriorityFifo } from "./priority-fifo.ts";
export { type WaitOptions, type Waitable, abortReason, onAbort, waitable } from "./cancel.ts";
export { heldUntil, holding, type Holding, holdingSync, notInTime } from "./holding.ts";
export type { Service, ServiceState } from "./lifecycle.ts";
export {
  describe,
  invalid,
  requireFunction,
  requireInteger,
  requireOneOf,
  requireSeconds,
  requireSignal,
  requireWait,
} from "./validate.ts";
export { untilShutDown } from "./until-shut-down.ts";
export { clockTime } from "./clock-time.ts";
