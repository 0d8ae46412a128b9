import { Op } from "./protocol.ts";
import type { Task } from "./task.ts";

/** How a task may be bound to a worker that has work already. Times are seconds of work in that worker. */
export interface Binding {
  /** The task alone; Infinity binds it to a free worker only. */
  readonly estimate: number;
  /** What the worker may have at most. */
  readonly most: number;
  /** A worker that would have less than this with the task gets it, whatever the others have. */
  readonly together: number;
  /** Its function returns promises: what it takes is not known from its calls. */
  readonly asynchronous: boolean;
}

/**
 * Work in a worker beyond what it runs now: enough to hide the way there and back (some tens of microseconds), little
 * enough that work stays free to go to whichever worker is free first.
 */
export const AHEAD_SECONDS = 2.5e-3;
/**
 * A worker that has LOW_SECONDS of work gets more tasks that take less than a message does (SMALL_SECONDS) only when
 * there is a batch of them: else, in a steady stream, messages would become ever smaller. Its next answer brings the
 * next look.
 */
const LOW_SECONDS = 100e-6;
const SMALL_SECONDS = 25e-6;
export const WORTH_A_MESSAGE = 64;
/** To wake another worker costs more than to wait behind tasks that take this long together. */
const TOGETHER_SECONDS = 50e-6;
/** A worker keeps up with whoever submits tasks as short as this: it stays awake if it gets all of them. */
const LEAST_SECONDS = 1e-6;
/** Chunks of a map shorter than this get one more behind them. */
const SHORT_CHUNK_SECONDS = 20e-3;

/** `few`: there are not enough tasks for a batch. */
export function bindingOf(task: Task, few: boolean): Binding {
  const estimate = estimateOf(task);
  const { asynchronous } = task.record;
  const small = estimate < SMALL_SECONDS;
  const most = few && small ? LOW_SECONDS : Infinity;
  return { estimate, most, together: small && !asynchronous ? togetherOf(estimate) : 0, asynchronous };
}

function togetherOf(estimate: number): number {
  return estimate < LEAST_SECONDS ? AHEAD_SECONDS : TOGETHER_SECONDS;
}

function estimateOf(task: Task): number {
  const { record } = task;
  if (task.op === Op.RUN)
    return record.wary > 0 || task.options.timeout !== undefined ? Infinity : record.seconds;
  return record.chunkSeconds < SHORT_CHUNK_SECONDS ? AHEAD_SECONDS / 2 : Infinity;
}
