import type { WaitOptions } from "../core/index.ts";
import { Waiter } from "./waiter.ts";

/**
 * Waits for a promise that knows nothing of scopes, in a way that cancellation, a timeout or a signal can end. The
 * work behind the promise goes on; only the wait ends.
 */
export function interruptible<T>(work: PromiseLike<T>, what: string, options?: WaitOptions): Promise<T> {
  const waiter = new Waiter<T>(what, options);
  work.then(
    (value) => void waiter.grant(value),
    (error: unknown) => waiter.interrupt(error),
  );
  return waiter.promise;
}
