import { StateError, type WaitOptions, requireFunction, requireInteger } from "../core/index.ts";
import { debug } from "./debug.ts";
import { runHolding, waitHolding } from "./holding.ts";
import { currentScope } from "./scope.ts";
import { DONE, Waiter, WaiterQueue, refused } from "./waiter.ts";

/**
 * Bounds how many calls run at once: `limiter.run(fn)`. The total can be changed while calls run. Fair: a token that
 * is given back goes straight to the longest waiter. anyio: `CapacityLimiter`; JavaScript: p-limit.
 */
export class CapacityLimiter {
  #total: number;
  #borrowed = 0;
  readonly #waiters = new WaiterQueue();

  constructor(totalTokens: number) {
    this.#total = checkTotal(totalTokens);
  }

  get totalTokens(): number {
    return this.#total;
  }

  /** More tokens wake waiters at once; fewer take effect as tokens come back. */
  set totalTokens(total: number) {
    this.#total = checkTotal(total);
    while (this.#borrowed < this.#total && this.#waiters.grantFirst(undefined)) this.#borrowed++;
  }

  get borrowedTokens(): number {
    return this.#borrowed;
  }

  get availableTokens(): number {
    return Math.max(0, this.#total - this.#borrowed);
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  acquire(options?: WaitOptions): Promise<void> {
    return this.#enter(options) ?? DONE;
  }

  acquireNowait(): boolean {
    if (this.#borrowed >= this.#total) return false;
    this.#borrowed++;
    return true;
  }

  release(): void {
    if (this.#borrowed === 0) throw new StateError("release() of a token that was not acquired");
    if (this.#borrowed <= this.#total && this.#waiters.grantFirst(undefined)) return;
    this.#borrowed--;
  }

  /** Runs `fn(...args)` as soon as a token is free, and gives its value. */
  async run<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>, ...args: A): Promise<T> {
    requireFunction("fn", fn);
    const entered = this.#enter(undefined);
    if (entered !== undefined) await entered;
    try {
      return await (debug.hooks === undefined ? fn(...args) : this.#runHolding(fn, args));
    } finally {
      this.release();
    }
  }

  /** Undefined when there was nothing to wait for, which spares `run` a turn through a promise. */
  #enter(options: WaitOptions | undefined): Promise<void> | undefined {
    const scope = currentScope();
    const refusal = refused(options, scope);
    if (refusal !== undefined) return refusal;
    if (this.#borrowed >= this.#total) {
      const waiter = new Waiter("CapacityLimiter.acquire", options, scope);
      return waitHolding(this, this.#borrowed, waiter, this.#waiters);
    }
    this.#borrowed++;
    return undefined;
  }

  /** Apart from `run`, whose calls would each pay for what the closure captures. */
  #runHolding<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>, args: A): T | PromiseLike<T> {
    return runHolding(this, () => fn(...args));
  }
}

function checkTotal(total: number): number {
  return total === Infinity ? total : requireInteger("totalTokens", total, 1);
}
