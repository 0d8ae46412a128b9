import type { Payload } from "../closures/index.ts";
import type { Heirlooms } from "./heirlooms.ts";

/**
 * What crosses between a pool and its workers: records of an operation, a task's id (a slot number in that worker)
 * and two values. Records keep their order in each direction.
 *
 * To the worker (id, a, b):
 *   RUN, MAP, STARMAP   id, function key, arguments | inputs      run it once | over a chunk
 *   RUN_WITH            id, function key, { mode, body, ... }     as those, with what few tasks need
 *   DEFINE, FORGET      key, payload, -                           the worker's table of functions
 *   CANCEL              id, reason, -                             abort the task's signal; skip it if not started
 *   ABANDON             id, -, -                                  free the slot, whatever the task still does
 *   MORE                id, count, -                              a reader can take `count` more stream items
 *   RESUME              -, -, -                                   what came before and has not begun is taken back
 *   CLOSE               -, -, -                                   end when nothing runs
 * From the worker:
 *   READY               -, -, -                                   initialised
 *   INIT_FAILED         -, error, -                               the initializer threw
 *   STARTED             id, -, -                                  the task has begun
 *   RESULT, FAILED      id, value | error, seconds?               its end
 *   CHUNK               id, chunk, -                              the end of MAP and STARMAP
 *   STREAM, ITEM, END   id, value, -                              a generator's result
 *   TIMING              key, seconds, asynchronous                how long calls of a function take now
 *   RESUMED             -, -, -                                   it has thrown away what was taken back
 * Both ways:
 *   SWITCH              -, -, -                                   what follows is in the ring | in messages
 *   ATTACH, ATTACHED    -, blocks, -                              here is memory for rings | taken, or not
 */
export const Op = {
  RUN: 0,
  MAP: 1,
  STARMAP: 2,
  RUN_WITH: 3,
  DEFINE: 4,
  FORGET: 5,
  CANCEL: 6,
  ABANDON: 7,
  MORE: 8,
  CLOSE: 9,
  INIT: 10,
  RESUME: 11,
  SWITCH: 12,
  ATTACH: 13,
  ATTACHED: 14,
  READY: 17,
  INIT_FAILED: 18,
  STARTED: 19,
  RESULT: 20,
  FAILED: 21,
  CHUNK: 22,
  STREAM: 23,
  ITEM: 24,
  END: 25,
  TIMING: 26,
  RESUMED: 27,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** The first record that a worker gets, sent before it listens. */
export interface WorkerSetup {
  readonly name: string;
  readonly concurrency: number;
  readonly initializer: Payload | undefined;
  readonly initArgs: unknown;
  readonly restoreContext: Payload | undefined;
}

/** The value of INIT. */
export interface WorkerStart extends WorkerSetup {
  readonly heirlooms: Heirlooms;
}

/** The second value of RUN_WITH. */
export interface RunExtras {
  /** RUN, MAP or STARMAP. */
  readonly mode: number;
  readonly body: unknown;
  /** Say when it starts, so that its timeout can be counted from then. */
  readonly announce: boolean;
  /** Say how long it ran. */
  readonly timing: boolean;
  readonly context?: unknown;
}

export type Receive = (op: number, id: number, a: unknown, b: unknown) => void;

/** One direction of the way between a pool and a worker. */
export interface Channel {
  /** Records leave with the next `flush`, in order. */
  post(op: Op, id: number, a?: unknown, b?: unknown, transfer?: readonly unknown[]): void;
  flush(): void;
}

/** A function that takes less than this many seconds is tiny: it may be sent in bulk and started unannounced. */
export const TINY_SECONDS = 200e-6;
