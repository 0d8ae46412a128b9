import { abortReason, clock, onAbort, StateError, type WaitOptions } from "../core/index.ts";
import { forClient } from "./owner.ts";
import { LOOK_MS, type Parked, park, unpark } from "./parking.ts";
import type { Point } from "./point.ts";
import { SLEEPERS } from "./segment.ts";

/**
 * An algorithm that may have to wait, written once as a generator and run in either of two ways: blocking the thread
 * or parked in the event loop. It yields where to wait; it is resumed with `true` once, when the time is up (then it
 * looks a last time and returns), and an AbortSignal is thrown into it.
 */
export type Steps<T> = Generator<Pause, T, boolean>;

export interface Pause {
  readonly point: Point;
  /** What `announce` returned before the state was last looked at. */
  readonly seen: number;
  /** Look again after so many milliseconds at the latest. */
  readonly most?: number;
}

/** The one who waits, as the algorithm sees it. */
export interface Waiter {
  readonly blocking: boolean;
  /** Must be called before the state is looked at; see Point. */
  announce(point: Point): number;
}

/** Runs to the end in this thread. A signal counts only before the start: nothing can fire it while we block. */
export function runSync<T>(make: (waiter: Waiter) => Steps<T>, options: WaitOptions = {}): T {
  if (options.signal?.aborted) throw abortReason(options.signal);
  const steps = make(sleeper);
  let step = steps.next(false);
  if (step.done) return step.value;
  let deadline = performance.now() + (options.timeout ?? Infinity) * 1000;
  while (!step.done) {
    const left = deadline - performance.now();
    if (left > 0) {
      const { point, seen, most = LOOK_MS } = step.value;
      point.segment.sleep(point.word, seen, Math.min(left, most));
    } else deadline = Infinity;
    step = steps.next(left <= 0);
  }
  return step.value;
}

/** Runs in the event loop; nothing is allocated but the promise when there is no need to wait. */
export function runAsync<T>(make: (waiter: Waiter) => Steps<T>, options: WaitOptions = {}): Promise<T> {
  if (options.signal?.aborted) return Promise.reject(abortReason(options.signal) as Error);
  try {
    const steps = make(parker);
    const step = steps.next(false);
    if (step.done) return Promise.resolve(step.value);
    return new Promise((resolve, reject) => new Run(steps, resolve, reject).start(step.value, options));
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

const sleeper: Waiter = { blocking: true, announce: (point) => point.announce(SLEEPERS) };
const parker: Waiter = { blocking: false, announce: (point) => point.announce(point.segment.loopBit()) };

class Run<T> implements Parked {
  readonly #steps: Steps<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #actFor = forClient();
  #at: Point | null = null;
  #stopTimer: () => void = NOTHING;
  #unlink: () => void = NOTHING;
  #stopLook: () => void = NOTHING;

  constructor(steps: Steps<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#steps = steps;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(pause: Pause, { timeout, signal }: WaitOptions): void {
    this.#park(pause);
    if (timeout !== undefined && timeout !== Infinity) {
      this.#stopTimer = clock().after(timeout, () => this.#advance(() => this.#steps.next(true)));
    }
    this.#unlink = onAbort(signal, () => this.#advance(() => this.#steps.throw(abortReason(signal!))));
  }

  resume(): void {
    this.#advance(() => this.#steps.next(false));
  }

  #park({ point, seen, most }: Pause): void {
    this.#at = point;
    park(point, seen, this);
    if (most !== undefined) this.#stopLook = clock().after(most / 1000, () => this.resume());
  }

  #advance(step: () => IteratorResult<Pause, T>): void {
    if (this.#at === null) return;
    unpark(this.#at, this);
    this.#at = null;
    this.#stopLook();
    if (this.#actFor === null) this.#step(step);
    else this.#actFor(() => this.#step(step));
  }

  #step(step: () => IteratorResult<Pause, T>): void {
    try {
      const result = step();
      if (!result.done) return this.#park(result.value);
      this.#close();
      this.#resolve(result.value);
    } catch (error) {
      this.#close();
      this.#reject(error);
    }
  }

  #close(): void {
    this.#stopTimer();
    this.#unlink();
  }
}

const NOTHING = (): void => {};

/** For algorithms: a wait that can never end is an error, not a hang. */
export function deadlock(what: string): StateError {
  return new StateError(
    `${what} is held by this thread, and this call blocks it: nobody could ever release it. ` +
      `Release first, wait with the asynchronous form, or give a timeout.`,
  );
}
