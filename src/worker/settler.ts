import { type WireError, decodeError, unpackResult } from "../closures/index.ts";
import { SerializationError, TimeoutError, clock } from "../core/index.ts";
import { isThenable } from "../futures/index.ts";
import { type WireChunk, unpackChunk } from "./chunk-codec.ts";
import { repackBody } from "./items.ts";
import type { FunctionTable } from "./function-table.ts";
import { IncomingStream } from "./incoming-stream.ts";
import { Op } from "./protocol.ts";
import type { Seat } from "./seat.ts";
import type { Stopper } from "./stopper.ts";
import type { Task } from "./task.ts";

export interface SettlerOptions {
  readonly kind: "thread" | "process";
  readonly functions: FunctionTable;
  readonly stopper: Stopper;
  /** Puts a task back to the front of the backlog. */
  readonly again: (task: Task) => void;
  /** A stream has ended, and with it its task. */
  readonly streamEnded: () => void;
}

/** Makes of what a worker answers what becomes of the task's future or stream. */
export class Settler {
  readonly #options: SettlerOptions;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** RESULT, FAILED, CHUNK or END; the task has left its seat. `ran`: seconds, where they were asked for. */
  end(seat: Seat, task: Task, op: number, wire: unknown, ran: number | undefined): void {
    if (ran !== undefined) measured(seat, task, ran);
    if (task.stream !== undefined) this.#endStream(task, op === Op.FAILED ? (wire as WireError) : undefined);
    else if (task.done()) return;
    else if (op === Op.RESULT && (wire === null || typeof wire !== "object")) task.setResult(wire);
    else this.#settle(task, op, wire);
  }

  item(task: Task, wire: unknown): void {
    task.stream?.push(decoded(wire));
  }

  openStream(seat: Seat, task: Task): void {
    if (task.done()) return seat.tell(Op.CANCEL, task, "The task was cancelled");
    const at = task.attempts;
    const here = (): boolean => task.seat === seat && task.attempts === at;
    task.stream = new IncomingStream({
      more: (count) => {
        if (here()) seat.tell(Op.MORE, task, count);
      },
      stop: () => {
        if (here()) this.#options.stopper.stop(task, "The reader of the stream has left");
      },
    });
    task.setResult(task.stream);
  }

  /** Its time counts from here; what stood before it in a queue does not. */
  started(task: Task): void {
    const { timeout } = task.options;
    if (timeout === undefined || timeout === Infinity || task.done()) return;
    const unwatch = task.unwatch;
    const stopTimer = clock().after(timeout, () => {
      if (task.done()) return;
      const message = `The task ${task.name} ran longer than its timeout of ${timeout} s and was stopped`;
      this.#options.stopper.stop(task, message);
      task.setException(new TimeoutError(message));
    });
    task.unwatch = () => {
      stopTimer();
      unwatch?.();
    };
  }

  unsendable(task: Task, error: unknown): void {
    if (task.done()) return;
    const message = `An argument of the task ${task.name} cannot be sent to a ${this.#options.kind}: ${(error as Error).message}`;
    task.setException(new SerializationError(message, { cause: error }));
  }

  #settle(task: Task, op: number, wire: unknown): void {
    try {
      const value =
        op === Op.RESULT
          ? unpackResult(wire)
          : op === Op.CHUNK
            ? unpackChunk(wire as WireChunk, task.site?.stack)
            : decodeError(wire as WireError, task.site?.stack);
      if (op === Op.CHUNK) task.record.chunkSeconds = (wire as WireChunk).seconds;
      if (isThenable(value)) this.#settleLater(task, op, value);
      else if (op === Op.FAILED) this.#fail(task, value);
      else task.setResult(value);
    } catch (error) {
      task.setException(undecodable(task, error));
    }
  }

  #settleLater(task: Task, op: number, value: PromiseLike<unknown>): void {
    value.then(
      (result) => {
        if (task.done()) return;
        if (op === Op.FAILED) this.#fail(task, result);
        else task.setResult(result);
      },
      (error: unknown) => {
        if (!task.done()) task.setException(undecodable(task, error));
      },
    );
  }

  /** Nothing has run when a module could not be imported: the task goes again, with the module's code by value. */
  #fail(task: Task, error: unknown): void {
    const shipment = this.#options.functions.shipAgain(task.shipment, error);
    if (shipment === undefined) return task.setException(error);
    task.shipment = shipment;
    task.body = repackBody(task.body);
    this.#options.again(task);
  }

  #endStream(task: Task, error: WireError | undefined): void {
    const stream = task.stream!;
    this.#options.streamEnded();
    if (error === undefined) return stream.finish(undefined);
    void Promise.resolve(decodeError(error, task.site?.stack)).then((e) => stream.finish({ error: e }));
  }
}

function decoded(wire: unknown): unknown {
  try {
    return unpackResult(wire);
  } catch (error) {
    return Promise.reject(error);
  }
}

function measured(seat: Seat, task: Task, ran: number): void {
  const total = clock().now() - task.submittedAt;
  task.timing = { waited: Math.max(0, total - ran), ran, total, worker: seat.name };
}

function undecodable(task: Task, cause: unknown): SerializationError {
  const message = `The result of the task ${task.name} arrived but cannot be decoded: ${(cause as Error)?.message ?? cause}`;
  return new SerializationError(message, { cause });
}
