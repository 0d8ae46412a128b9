import {
  TimeoutError,
  type WaitOptions,
  abortReason,
  invalid,
  onAbort,
  requireSeconds,
  requireSignal,
} from "../core/index.ts";
import type { Work } from "./batch.ts";
import { interruptible } from "./interruptible.ts";
import { Task } from "./task.ts";
import { timeout } from "./timeout.ts";
import { wait } from "./wait.ts";
import { isThenable } from "./works.ts";

/**
 * Waits for one piece of work for at most `seconds`, then throws TimeoutError. A function is run and, when time is
 * up, cancelled and waited for (`timeout` is the same with a handle); a task is cancelled and waited for, as in Python;
 * of a promise only the wait ends. Python: `asyncio.wait_for`.
 */
export function waitFor<T>(
  work: Work<T>,
  seconds: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<T> {
  requireSeconds("seconds", seconds);
  const signal = requireSignal("signal", options.signal);
  if (typeof work === "function") return runFor(work, seconds, signal);
  if (!isThenable(work)) throw invalid("work", work, "a function, a task or a promise");
  if (work instanceof Task) return joinFor(work as Task<T>, { timeout: seconds, signal });
  return interruptible(work, "waitFor", { timeout: seconds, signal });
}

function runFor<T>(
  fn: () => T | PromiseLike<T>,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  return timeout(seconds, async (deadline) => {
    const unlink = onAbort(signal, () => deadline.cancel(abortReason(signal!)));
    try {
      return await fn();
    } finally {
      unlink();
    }
  });
}

async function joinFor<T>(task: Task<T>, options: WaitOptions): Promise<T> {
  const { pending } = await wait([task], options);
  if (pending.size > 0) {
    const late = new TimeoutError(`waitFor: task "${task.name}" did not end within ${options.timeout} s`);
    task.cancel(late);
    await wait([task]);
    // A value or an error of its own is later than the deadline, but real: Python gives it, too.
    if (task.cancelled()) throw late;
  }
  return task.result();
}
