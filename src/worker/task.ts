import type { Shipment } from "../closures/index.ts";
import { Future, type TaskOptions } from "../futures/index.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import type { Op } from "./protocol.ts";
import type { Peer } from "./peer.ts";

/** Who owns a task: asked to withdraw or stop it, told when its future is done. */
export interface TaskOwner {
  stop(task: Task): boolean;
  settled(task: Task): void;
}

/** The worker that a task is bound to, as the task and its stopper see it. */
export interface TaskSeat {
  readonly peer: Peer;
  /** It was stopped on purpose, for the task of that name; others that ran beside it learn that. */
  stoppedFor: string | undefined;
  tell(op: Op, task: Task, value?: unknown): void;
  /** Whether a task that was sent has begun, as far as can be known. */
  hasStarted(task: Task): boolean;
  /** Whether other tasks that are not done have begun in it too. */
  runsBeside(task: Task): boolean;
}

/** What is known of a function that was submitted, beyond its shipment. */
export interface FunctionRecord {
  /** Seconds a call takes, as its workers measure it; Infinity until known. */
  seconds: number;
  /** Its calls return promises: what they take together is more than the calls take. */
  asynchronous: boolean;
  /** Some calls take long, others do not: so many more tasks are to go to free workers only. */
  wary: number;
  /** Seconds the last chunk of a map over it took. */
  chunkSeconds: number;
  /** Where it was submitted last, as far as that was looked at. */
  site: CallSite | undefined;
}

/** A captured stack; reading `stack` formats it, so that only errors pay for that. */
export interface CallSite {
  readonly stack?: string;
}

/**
 * A task and its future in one.
 *
 *   backlog --bind--> in a seat (sent, perhaps started) --result--> done
 *      ^------unbind------/   when its worker ends before the task has started, or with retries left
 *
 * The future may be settled earlier (cancelled, timed out); then the seat only waits for its slot to come free.
 */
export class Task extends Future<unknown> {
  readonly owner: TaskOwner;
  readonly op: Op;
  /** Replaced, with the body, when the workers cannot import what it refers to. */
  shipment: Shipment;
  readonly record: FunctionRecord;
  body: unknown;
  readonly options: TaskOptions;
  /** Where it was submitted, for errors. */
  readonly site: CallSite | undefined;
  seat: TaskSeat | undefined = undefined;
  /** Slot in the seat. */
  id = -1;
  /** How many tasks were bound to the seat before this one; workers start tasks in this order. */
  sequence = 0;
  /** Seconds it is expected to take; given back to the seat when it ends. */
  estimate = 0;
  attempts = 0;
  started = false;
  submittedAt = 0;
  context: { readonly value: unknown } | undefined = undefined;
  /** Undoes what watches it: timer, signal listener. */
  unwatch: (() => void) | undefined = undefined;
  /** The reading end, when its result is a stream. */
  stream: IncomingStream | undefined = undefined;
  /** Bound to this seat and no other (`runOnAll`). */
  pinned: TaskSeat | undefined = undefined;

  constructor(
    owner: TaskOwner,
    op: Op,
    shipment: Shipment,
    record: FunctionRecord,
    body: unknown,
    options: TaskOptions,
  ) {
    super(stopTask);
    this.owner = owner;
    this.op = op;
    this.shipment = shipment;
    this.record = record;
    this.body = body;
    this.options = options;
    this.site = record.site;
  }

  protected override settled(): void {
    this.owner.settled(this);
  }

  get name(): string {
    return this.options.name ?? (this.shipment.name || "(anonymous)");
  }
}

// Awaited as a promise of the engine's own, as every Future is.
void Object.defineProperty(Task.prototype, "constructor", { value: Promise });

function stopTask(future: Future<unknown>): boolean {
  const task = future as Task;
  return task.owner.stop(task);
}
