import {
  TimeoutError,
  type WaitOptions,
  abortReason,
  clock,
  onAbort,
  requireSeconds,
  requireSignal,
} from "../core/index.ts";
import { CancelNode, type Scope, currentScope, programScope } from "./scope.ts";

/**
 * One wait: a promise settled from outside that also ends when its scope is cancelled, its time runs out or its
 * signal fires. One object per wait, member of two lists at once (the scope's and the primitive's), so that starting
 * and ending a wait are O(1) and allocate nothing else.
 *
 *     open --grant--> granted        whichever comes first; a grant is never taken back, so that
 *         \--interrupt--> ended      what was handed over is never lost
 */
export class Waiter<T = void> extends CancelNode {
  readonly promise: Promise<T>;
  readonly what: string;
  open = true;
  queue: WaiterQueue | undefined = undefined;
  before: Waiter<any> | undefined = undefined;
  after: Waiter<any> | undefined = undefined;
  #resolve: (value: T) => void;
  #reject: (reason: unknown) => void;
  #limits: Limits | undefined = undefined;

  constructor(what: string, options?: WaitOptions, scope: Scope = currentScope()) {
    super();
    if (options !== undefined) {
      requireSeconds("timeout", options.timeout);
      requireSignal("signal", options.signal);
    }
    this.what = what;
    this.promise = new Promise<T>(capture as () => void);
    this.#resolve = capturedResolve as (value: T) => void;
    this.#reject = capturedReject;
    if (scope.cancelled) {
      this.interrupt(scope.reason);
      return;
    }
    // Nothing ever cancels the program's scope.
    if (scope !== programScope) this.link(scope);
    if (options === undefined) return;
    this.#limits = new Limits(this, options);
    if (!this.open) this.#limits.release();
  }

  /** Hands `value` to whoever waits. Returns false when the wait had already ended. */
  grant(value: T): boolean {
    if (!this.open) return false;
    this.close();
    this.#resolve(value);
    return true;
  }

  interrupt(reason: unknown): void {
    if (!this.open) return;
    this.close();
    this.#reject(reason);
  }

  /** Joins the primitive's queue, unless the wait is over already. */
  in(queue: WaiterQueue): Promise<T> {
    if (this.open) queue.push(this);
    return this.promise;
  }

  /** For `ps`. */
  describe(): string {
    return this.what;
  }

  /** Called once, however the wait ends. */
  protected ended(): void {
    this.#limits?.release();
  }

  /** Whether it was its own timeout that ended it; a scope may be cancelled with a TimeoutError, too. */
  get timedOut(): boolean {
    return this.#limits?.timedOut === true;
  }

  // A #method would cost each wait a field, for its brand.
  private close(): void {
    this.open = false;
    this.unlink();
    this.queue?.remove(this);
    this.ended();
  }
}

/** What the options of a wait asked for: a timer, a listener at a signal, or both. */
class Limits {
  timedOut = false;
  readonly #stopTimer: (() => void) | undefined;
  readonly #unlink: (() => void) | undefined;

  constructor(waiter: Waiter<any>, { timeout, signal }: WaitOptions) {
    if (timeout !== undefined && timeout !== Infinity) {
      this.#stopTimer = clock().after(timeout, () => {
        this.timedOut = waiter.open;
        waiter.interrupt(new TimeoutError(`${waiter.what} timed out after ${timeout} s`));
      });
    }
    if (signal !== undefined) this.#unlink = onAbort(signal, () => waiter.interrupt(abortReason(signal)));
  }

  release(): void {
    this.#stopTimer?.();
    this.#unlink?.();
  }
}

/** First come, first served; a wait that ends early leaves in O(1). */
export class WaiterQueue {
  size = 0;
  #first: Waiter<any> | undefined = undefined;
  #last: Waiter<any> | undefined = undefined;

  push(waiter: Waiter<any>): void {
    waiter.queue = this;
    waiter.before = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.after = waiter;
    this.#last = waiter;
    this.size++;
  }

  remove(waiter: Waiter<any>): void {
    const { before, after } = waiter;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    waiter.queue = waiter.before = waiter.after = undefined;
    this.size--;
  }

  get first(): Waiter<any> | undefined {
    return this.#first;
  }

  /** Grants the longest wait; false when nobody waits. */
  grantFirst<T>(value: T): boolean {
    return this.#first === undefined ? false : (this.#first as Waiter<T>).grant(value);
  }

  grantAll<T>(value: T): void {
    while (this.#first !== undefined) (this.#first as Waiter<T>).grant(value);
  }

  interruptAll(reason: () => unknown): void {
    while (this.#first !== undefined) this.#first.interrupt(reason());
  }
}

let capturedResolve: (value: unknown) => void;
let capturedReject: (reason: unknown) => void;

/** One shared executor instead of a closure per promise. */
function capture(resolve: (value: unknown) => void, reject: (reason: unknown) => void): void {
  capturedResolve = resolve;
  capturedReject = reject;
}

/** What an uncontended wait returns. */
export const DONE: Promise<void> = Promise.resolve();

/** A wait's promise when the scope or the signal is already cancelled, else undefined: the check of every fast path. */
export function refused(options?: WaitOptions, scope: Scope = currentScope()): Promise<never> | undefined {
  if (scope.cancelled) return Promise.reject(scope.reason as Error);
  const signal = options?.signal;
  return signal?.aborted ? Promise.reject(abortReason(signal) as Error) : undefined;
}
