import { clock } from "./clock.ts";
import { CancelledError, TimeoutError } from "./errors.ts";

export interface WaitOptions {
  /** Seconds; none means no limit. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The error a wait ends with when `signal` fires: the signal's own reason if it is an error, else a CancelledError. */
export function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  if (reason instanceof Error) return reason;
  return new CancelledError(reason === undefined ? "The operation was cancelled" : String(reason), {
    cause: reason,
  });
}

/**
 * Calls `fn` once when the signal fires and returns the way to unlink it again. Unlinking matters: a long-lived
 * signal would otherwise collect a listener for every wait it ever took part in.
 */
export function onAbort(signal: AbortSignal | undefined, fn: () => void): () => void {
  if (signal === undefined) return NOTHING;
  if (signal.aborted) {
    fn();
    return NOTHING;
  }
  signal.addEventListener("abort", fn, { once: true });
  return () => signal.removeEventListener("abort", fn);
}

/**
 * A promise settled from outside that also ends by timeout or signal, and leaves no timer or listener behind.
 * `onGiveUp` runs (synchronously) when the wait ends without being settled, to take the waiter out of its queue.
 */
export function waitable<T>(options: WaitOptions, what: string, onGiveUp?: () => void): Waitable<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let open = true;
  let stopTimer = NOTHING;
  let unlink = NOTHING;
  const close = (): boolean => {
    if (!open) return false;
    open = false;
    stopTimer();
    unlink();
    return true;
  };
  const giveUp = (error: unknown): void => {
    if (!close()) return;
    onGiveUp?.();
    reject(error);
  };
  const seconds = options.timeout ?? Infinity;
  if (seconds !== Infinity) {
    stopTimer = clock().after(seconds, () =>
      giveUp(new TimeoutError(`${what} timed out after ${seconds} s`)),
    );
  }
  const { signal } = options;
  unlink = onAbort(signal, () => giveUp(abortReason(signal!)));
  if (!open) stopTimer();
  return {
    promise,
    get open() {
      return open;
    },
    resolve: (value) => (close() ? (resolve(value), true) : false),
    reject: (error) => (close() ? (reject(error), true) : false),
  };
}

export interface Waitable<T> {
  readonly promise: Promise<T>;
  readonly open: boolean;
  /** Returns false when the wait had already ended, so that what was to be handed over can go to the next waiter. */
  resolve(value: T): boolean;
  reject(error: unknown): boolean;
}

const NOTHING = (): void => {};
