import { clock } from "../core/index.ts";
import { Op } from "./protocol.ts";
import type { Task, TaskSeat } from "./task.ts";

/** Seconds that a task has to end by its signal before its worker is stopped. */
const GRACE = 0.05;

/**
 * Stops tasks that are in a worker. First the task is told (its signal aborts; one that has not started is skipped).
 * What has not ended after the grace time is given up: if other tasks run beside it and the worker answers, the task
 * is abandoned there; else the worker is stopped, and the pool replaces it.
 */
export class Stopper {
  stop(task: Task, reason: string): void {
    const seat = task.seat!;
    const attempt = task.attempts;
    seat.tell(Op.CANCEL, task, reason);
    const here = (): boolean => task.seat === seat && task.attempts === attempt;
    const again = (abandoned: boolean): void => {
      clock().after(GRACE, () => here() && again(this.#insist(seat, task, abandoned)), { unref: true });
    };
    again(false);
  }

  /** Returns whether the task has been abandoned. */
  #insist(seat: TaskSeat, task: Task, abandoned: boolean): boolean {
    if (!seat.hasStarted(task)) return abandoned;
    if (!abandoned && seat.runsBeside(task)) {
      seat.tell(Op.ABANDON, task);
      return true;
    }
    seat.stoppedFor = task.name;
    seat.peer.terminate();
    return abandoned;
  }
}
