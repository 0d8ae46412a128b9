import { type WaitOptions, requireOneOf } from "../core/index.ts";
import { Task } from "./task.ts";
import { Waiter } from "./waiter.ts";
import { worksOf } from "./works.ts";

export const FIRST_COMPLETED = "FIRST_COMPLETED";
export const FIRST_EXCEPTION = "FIRST_EXCEPTION";
export const ALL_COMPLETED = "ALL_COMPLETED";
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

export interface TaskWaitOptions extends WaitOptions {
  readonly returnWhen?: ReturnWhen;
}

/**
 * Waits for tasks (or futures, or promises) without touching them: nothing is cancelled, no error is thrown, and
 * running out of time is not an error either. Python: `asyncio.wait`.
 */
export async function wait<F extends PromiseLike<unknown>>(
  works: Iterable<F>,
  options: TaskWaitOptions = {},
): Promise<{ done: Set<F>; pending: Set<F> }> {
  const returnWhen = requireOneOf("returnWhen", options.returnWhen ?? ALL_COMPLETED, CONDITIONS);
  const pending = new Set(worksOf("works", works as Iterable<PromiseLike<unknown>>) as unknown as F[]);
  const done = new Set<F>();
  if (pending.size === 0) return { done, pending };
  const waiter = new Waiter("wait", options);
  const ended = (work: F, failed: boolean): void => {
    if (!waiter.open) return;
    pending.delete(work);
    done.add(work);
    if (pending.size === 0 || returnWhen === FIRST_COMPLETED || (failed && returnWhen === FIRST_EXCEPTION))
      waiter.grant();
  };
  const unfollow = [...pending].map((work) => follow(work, (failed) => ended(work, failed)));
  try {
    await waiter.promise;
  } catch (error) {
    if (!waiter.timedOut) throw error;
  } finally {
    for (const stop of unfollow) stop();
  }
  return { done, pending };
}

/**
 * Tells `ended` when `work` has ended, and returns the way to stop listening: a task that is waited for again and again
 * must not collect a listener each time. A promise offers no such way.
 */
function follow(work: PromiseLike<unknown>, ended: (failed: boolean) => void): () => void {
  if (work instanceof Task) {
    const listen = (task: Task<unknown>): void => ended(task.state === "failed");
    work.observe();
    work.addDoneCallback(listen);
    return () => void work.removeDoneCallback(listen);
  }
  work.then(
    () => ended(false),
    () => ended(!(work as { cancelled?: () => boolean }).cancelled?.()),
  );
  return () => {};
}

const CONDITIONS = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED] as const;
