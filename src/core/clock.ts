import { type Alarm, type AlarmSetter, Alarms, LONGEST_TIMER_MS } from "./alarms.ts";

/**
 * The only source of time and timers for code that waits, so that a test can put a virtual clock in its place.
 * Everything is in seconds, as in Python; `now` is monotonic.
 */
export interface Clock {
  now(): number;
  /** Calls `fn` once after `seconds`. The timer keeps the process alive unless `unref` is set. Returns its canceller. */
  after(seconds: number, fn: () => void, options?: { readonly unref?: boolean }): () => void;
  /** The same for an object that rings itself, at a fraction of the cost. Returns when that will be. */
  set(alarm: Alarm, seconds: number): number;
}

const now = (): number => performance.now() / 1000;
const alarms = new Alarms(now);

export const systemClock: Clock = {
  now,
  set(alarm, seconds) {
    if (seconds === Infinity) return Infinity;
    const when = now() + seconds;
    if (seconds <= 0) alarm.setBy = new NextTurn(alarm);
    else alarms.set(alarm, when);
    return when;
  },
  after(seconds, fn, options) {
    if (seconds === Infinity) return NOTHING;
    const unref = options?.unref === true;
    if (seconds <= 0) return nextTurn(fn, unref);
    return seconds * 1000 > LONGEST_TIMER_MS ? chain(seconds * 1000, fn, unref) : single(seconds, fn, unref);
  },
};

const NOTHING = (): void => {};

/** No timer: the shortest one takes a millisecond. */
function nextTurn(fn: () => void, unref: boolean): () => void {
  const turn = setImmediate(fn);
  if (unref) turn.unref();
  return () => clearImmediate(turn);
}

class NextTurn implements AlarmSetter {
  readonly #turn: NodeJS.Immediate;

  constructor(alarm: Alarm) {
    this.#turn = setImmediate(() => {
      alarm.setBy = undefined;
      alarm.ring();
    });
  }

  take(alarm: Alarm): void {
    alarm.setBy = undefined;
    clearImmediate(this.#turn);
  }
}

function single(seconds: number, fn: () => void, unref: boolean): () => void {
  const timer = setTimeout(fn, seconds * 1000);
  if (unref) timer.unref();
  return () => clearTimeout(timer);
}

/** setTimeout fires at once beyond its longest time, so longer waits are chained. */
function chain(ms: number, fn: () => void, unref: boolean): () => void {
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    const step = Math.min(left, LONGEST_TIMER_MS);
    timer = setTimeout(() => (left > step ? arm(left - step) : fn()), step);
    if (unref) timer.unref();
  };
  arm(ms);
  return () => clearTimeout(timer);
}

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
