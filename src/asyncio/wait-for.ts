import { TimeoutError, type WaitOptions, requireSeconds } from "../core/index.ts";
import type { Work } from "./batch.ts";
import { interruptible } from "./interruptible.ts";
import { Task } from "./task.ts";
import { timeout } from "./timeout.ts";
import { isThenable } from "./works.ts";
import { invalid } from "../core/index.ts";

/**
 * Waits for one piece of work for at most `seconds`, then throws TimeoutError. A function is run and, when time is
 * up, cancelled and waited for (`timeout` is the same with a handle); a task is cancelled and waited for, as in Python; of a
 * promise only the wait ends. Python: `asyncio.wait_for`.
 */
export function waitFor<T>(
  work: Work<T>,
  seconds: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<T> {
  requireSeconds("seconds", seconds);
  if (typeof work === "function") return runFor(work, seconds, options);
  if (!isThenable(work)) throw invalid("work", work, "a function, a task or a promise");
  if (work instanceof Task) return joinFor(work as Task<T>, { timeout: seconds, ...options });
  return interruptible(work, "waitFor", { timeout: seconds, ...options });
}

async function runFor<T>(
  fn: () => T | PromiseLike<T>,
  seconds: number,
  options: { readonly signal?: AbortSignal },
): Promise<T> {
  return timeout(seconds, async (deadline) => {
    const { signal } = options;
    if (signal === undefined) return fn();
    const cancel = (): void => deadline.cancel(signal.reason);
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await fn();
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  });
}

async function joinFor<T>(task: Task<T>, options: WaitOptions): Promise<T> {
  try {
    return await task.join(options);
  } catch (error) {
    if (!(error instanceof TimeoutError) || task.done()) throw error;
    task.cancel(error);
    // A value that the task still returns is later than the deadline, but real: Python gives it too.
    const ended = await task.join().then(
      (value) => ({ value }),
      () => undefined,
    );
    if (ended !== undefined) return ended.value;
    throw error;
  }
}
