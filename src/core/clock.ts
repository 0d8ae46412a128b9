/**
 * The only source of time and timers for code that waits, so that a test can put a virtual clock in its place.
 * Everything is in seconds, as in Python; `now` is monotonic.
 */
export interface Clock {
  now(): number;
  /** Calls `fn` once after `seconds`. The timer keeps the process alive unless `unref` is set. Returns its canceller. */
  after(seconds: number, fn: () => void, options?: { readonly unref?: boolean }): () => void;
}

/** setTimeout fires at once beyond 2^31-1 ms, so longer waits are chained. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now() / 1000,
  after(seconds, fn, options = {}) {
    if (seconds === Infinity) return () => {};
    let timer: NodeJS.Timeout;
    const arm = (ms: number): void => {
      const step = Math.min(ms, LONGEST_TIMER_MS);
      timer = setTimeout(() => (ms > step ? arm(ms - step) : fn()), step);
      if (options.unref) timer.unref();
    };
    arm(Math.max(0, seconds * 1000));
    return () => clearTimeout(timer);
  },
};

let current: Clock = systemClock;

/** The clock in force: the system's, or the one a test installed. */
export function clock(): Clock {
  return current;
}

/** Installs another clock and returns the way back. Public through `spool/testing`. */
export function useClock(replacement: Clock): () => void {
  const previous = current;
  current = replacement;
  return () => {
    current = previous;
  };
}
