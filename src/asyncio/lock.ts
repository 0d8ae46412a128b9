import { LockOwnershipError, type WaitOptions } from "../core/index.ts";
import { debug } from "./debug.ts";
import { runHolding, waitHolding } from "./holding.ts";
import { currentScope } from "./scope.ts";
import { DONE, Waiter, WaiterQueue, refused } from "./waiter.ts";

/**
 * Mutual exclusion between tasks of one event loop. Fair: `release` hands the lock straight to the longest waiter,
 * so nobody can barge in between. Not re-entrant. An uncontended acquire costs no timer and no allocation. Between
 * threads or processes take `spool/threading` or `spool/multiprocessing`. Python: `asyncio.Lock`.
 */
export class Lock {
  #locked = false;
  readonly #waiters = new WaiterQueue();

  locked(): boolean {
    return this.#locked;
  }

  /** Takes the lock, waiting if need be. Throws TimeoutError, or the scope's or signal's reason. */
  acquire(options?: WaitOptions): Promise<void> {
    return this.#enter(options) ?? DONE;
  }

  /** Takes the lock if it is free; says whether it did. */
  acquireNowait(): boolean {
    if (this.#locked) return false;
    return (this.#locked = true);
  }

  /** Gives the lock to the longest waiter, or back. LockOwnershipError if it is not held. */
  release(): void {
    if (!this.#locked) throw new LockOwnershipError("release() of a lock that nobody holds");
    if (!this.#waiters.grantFirst(undefined)) this.#locked = false;
  }

  /** Runs `fn` while holding the lock. */
  async with<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    const entered = this.#enter(options);
    if (entered !== undefined) await entered;
    try {
      return await (debug.hooks === undefined ? fn() : runHolding(this, fn));
    } finally {
      this.release();
    }
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Undefined when there was nothing to wait for, which spares `with` a turn through a promise. */
  #enter(options: WaitOptions | undefined): Promise<void> | undefined {
    const scope = currentScope();
    const refusal = refused(options, scope);
    if (refusal !== undefined) return refusal;
    if (this.#locked) {
      return waitHolding(this, 1, new Waiter("Lock.acquire", options, scope), this.#waiters);
    }
    this.#locked = true;
    return undefined;
  }
}
