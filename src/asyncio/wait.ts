import { TimeoutError, type WaitOptions, requireOneOf } from "../core/index.ts";
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
  const waiter = new Waiter("wait", { timeout: options.timeout, signal: options.signal });
  const ended = (work: F, failed: boolean): void => {
    if (!waiter.open) return;
    pending.delete(work);
    done.add(work);
    if (pending.size === 0 || returnWhen === FIRST_COMPLETED || (failed && returnWhen === FIRST_EXCEPTION))
      waiter.grant();
  };
  for (const work of pending) {
    work.then(
      () => ended(work, false),
      () => ended(work, !(work as { cancelled?: () => boolean }).cancelled?.()),
    );
  }
  await waiter.promise.catch((error: unknown) => {
    if (!(error instanceof TimeoutError)) throw error;
  });
  return { done, pending };
}

const CONDITIONS = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED] as const;
