import {
  type Alarm,
  type AlarmSetter,
  CancelledError,
  TimeoutError,
  clock,
  invalid,
  requireFunction,
  requireSeconds,
} from "../core/index.ts";
import { isCancellation } from "./cancellation.ts";
import { reportAbandoned, reportSuppressed } from "./report.ts";
import { type Holder, Scope, currentScope, programScope } from "./scope.ts";

export interface TimeoutOptions {
  /** Seconds that work which heard the cancellation gets to clean up before it is abandoned; default 5. */
  readonly grace?: number | undefined;
  readonly name?: string | undefined;
}

/** What the body of `timeout` and `moveOnAfter` is given. */
export interface Deadline {
  /** Fires when the time is up or something above is cancelled. */
  readonly signal: AbortSignal;
  /** When it fires, on `currentTime()`'s clock; Infinity for never. */
  when(): number;
  /** Moves the deadline: the absolute time, on `currentTime()`'s clock. */
  reschedule(when: number): void;
  /** Whether the time ran out. */
  expired(): boolean;
  /** Ends the block now: `timeout` throws CancelledError, `moveOnAfter` returns. */
  cancel(reason?: unknown): void;
}

/**
 * Runs `fn(deadline)` for at most `seconds`. When they are over, everything inside is cancelled, and once it has
 * ended TimeoutError is thrown. A value that came in time, or in spite of the cancellation, is returned. Work that
 * does not listen (it awaits a promise without passing a signal) cannot be stopped: the call gives up at once,
 * reports it, and it stays visible in `ps()`. Work that goes on after a cancellation from above is given up when the
 * time is over and `grace` after that. Python: `asyncio.timeout`.
 */
export function timeout<T>(
  seconds: number,
  fn: (deadline: Deadline) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T> {
  requireSeconds("seconds", seconds);
  return new Timed("timeout", seconds, fn, options).promise;
}

/** The same with an absolute time on `currentTime()`'s clock. Python: `asyncio.timeout_at`. */
export function timeoutAt<T>(
  when: number,
  fn: (deadline: Deadline) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T> {
  if (typeof when !== "number" || Number.isNaN(when)) throw invalid("when", when, "a time in seconds");
  return new Timed("timeoutAt", Math.max(0, when - clock().now()), fn, options, when).promise;
}

/** Like `timeout`, but running out of time is no error: the result is then undefined. trio: `move_on_after`. */
export async function moveOnAfter<T>(
  seconds: number,
  fn: (deadline: Deadline) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T | undefined> {
  requireSeconds("seconds", seconds);
  const timed = new Timed("moveOnAfter", seconds, fn, options);
  try {
    return await timed.promise;
  } catch (error) {
    if (timed.endedBy(error)) return undefined;
    throw error;
  }
}

/** Long enough for a cleanup to be polite, short enough that a caller notices a stuck one. */
const GRACE_SECONDS = 5;

/**
 * running --fn ends--> settled
 *    \--time is up, somebody listens--> unwinding --fn ends--> settled
 *     \--nobody listens--> abandoned     \--grace is over--> abandoned
 *
 * Cancelled from above, it goes on until the deadline, and then has the grace, too.
 */
class Timed<T> extends Scope implements Deadline, Holder, Alarm {
  readonly kind = "timeout";
  readonly name: string;
  abandoned = false;
  readonly #grace: number;
  readonly #call: string;
  readonly #seconds: number;
  #when: number;
  #expired = false;
  #thrown: unknown = undefined;
  #settled = false;
  /** Cancelled from above, and its time is up as well. */
  #overdue = false;
  setBy: AlarmSetter | undefined = undefined;
  slot = 0;
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor(
    call: string,
    seconds: number,
    fn: (deadline: Deadline) => T | PromiseLike<T>,
    options: TimeoutOptions = {},
    when?: number,
  ) {
    // Before the scope is in the tree and the clock is set: a refusal leaves nothing behind.
    requireFunction("fn", fn);
    const grace = options.grace === undefined ? GRACE_SECONDS : requireSeconds("grace", options.grace);
    super(currentScope());
    this.#call = call;
    this.name = options.name ?? call;
    this.#grace = grace;
    this.#seconds = seconds;
    this.holder = this;
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const rings = clock().set(this, seconds);
    this.#when = when ?? rings;
    void this.run(drive<T>, this, fn);
  }

  when(): number {
    return this.#when;
  }

  expired(): boolean {
    return this.#expired;
  }

  reschedule(when: number): void {
    if (typeof when !== "number" || Number.isNaN(when)) throw invalid("when", when, "a time in seconds");
    if (this.cancelled || this.#settled) return;
    this.setBy?.take(this);
    this.#when = when;
    clock().set(this, Math.max(0, when - clock().now()));
  }

  override cancel(reason?: unknown): number {
    const error = reason instanceof Error ? reason : new CancelledError(`${this.#call} was cancelled`);
    return this.#end(error, error, true);
  }

  /** Whether `error` is this block's own end rather than a failure or a cancellation from above. */
  endedBy(error: unknown): boolean {
    return this.own && error === this.#thrown;
  }

  describe(): string {
    return `${this.#seconds} s`;
  }

  settleOk(value: T): void {
    if (this.#close()) this.#resolve(value);
  }

  settleError(error: unknown): void {
    const unwound = isCancellation(this, error);
    if (this.#close()) this.#reject(this.own && unwound ? this.#thrown : error);
    else if (!unwound) reportSuppressed(`${this.#call}, already given up,`, [error]);
  }

  /** Set for the deadline first, then for the end of the grace. Runs listeners of the signal, so not in just any scope. */
  ring(): void {
    if (this.own || this.#overdue) this.#abandon();
    else this.parent!.run(() => this.#expire());
  }

  /** What is inside sees a CancelledError, so that it cannot take this deadline for one of its own. */
  #expire(): void {
    if (this.cancelled) return this.#outlast();
    this.#expired = true;
    const text = `${this.#call}: the work did not end within ${this.#seconds} s`;
    this.#end(new CancelledError(text), new TimeoutError(text), false);
  }

  /** Cancels. Work that listened gets its grace; work that is deaf gets none, unless it is what called `cancel`. */
  #end(reason: unknown, thrown: unknown, fromInside: boolean): number {
    if (this.cancelled || this.#settled) return 0;
    this.#thrown = thrown;
    this.setBy?.take(this);
    const listeners = super.cancel(reason);
    if (listeners === 0 && !fromInside) this.#abandon();
    else clock().set(this, this.#grace);
    return listeners;
  }

  /** The block was cancelled from above: what goes on in spite of that is bounded by the deadline all the same. */
  #outlast(): void {
    this.#overdue = true;
    this.#thrown = this.reason;
    clock().set(this, this.#grace);
  }

  #abandon(): void {
    if (this.#settled) return;
    this.#settled = this.abandoned = true;
    // It may outlive the tasks above it, and must stay visible until it settles.
    this.unlink();
    this.link(programScope);
    reportAbandoned(this, `${this.#call} (${this.#seconds} s)`);
    this.#reject(this.#thrown);
  }

  #close(): boolean {
    this.unlink();
    this.setBy?.take(this);
    if (this.#settled) return false;
    this.#settled = true;
    return true;
  }
}

async function drive<T>(timed: Timed<T>, fn: (deadline: Deadline) => T | PromiseLike<T>): Promise<void> {
  try {
    timed.settleOk(await fn(timed));
  } catch (error) {
    timed.settleError(error);
  }
}
