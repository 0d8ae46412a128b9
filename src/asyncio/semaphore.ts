import { type WaitOptions, StateError, requireInteger } from "../core/index.ts";
import { debug } from "./debug.ts";
import { runHolding, waitHolding } from "./holding.ts";
import { currentScope } from "./scope.ts";
import { DONE, Waiter, WaiterQueue, refused } from "./waiter.ts";

/**
 * At most `value` holders at a time; the longest waiter gets what is released. To bound concurrency of calls,
 * `CapacityLimiter` or `mapLimit` say more about what they hold. Python: `asyncio.Semaphore`.
 */
export class Semaphore {
  #value: number;
  /** Acquired and not released; only the deadlock check reads it. */
  #out = 0;
  readonly #waiters = new WaiterQueue();

  constructor(value: number = 1) {
    this.#value = requireInteger("value", value, 0);
  }

  /** How many could be acquired right now. */
  get value(): number {
    return this.#value;
  }

  locked(): boolean {
    return this.#value === 0;
  }

  acquire(options?: WaitOptions): Promise<void> {
    return this.#enter(options) ?? DONE;
  }

  /** Acquires if that needs no waiting; says whether it did. */
  acquireNowait(): boolean {
    if (this.#value === 0) return false;
    this.#value--;
    this.#out++;
    return true;
  }

  release(): void {
    if (this.#waiters.grantFirst(undefined)) return;
    this.#value++;
    this.#out--;
  }

  async with<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    const entered = this.#enter(options);
    if (entered !== undefined) await entered;
    try {
      return await (debug.hooks === undefined ? fn() : runHolding(this, fn));
    } finally {
      this.release();
    }
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Undefined when there was nothing to wait for, which spares `with` a turn through a promise. */
  #enter(options: WaitOptions | undefined): Promise<void> | undefined {
    const scope = currentScope();
    const refusal = refused(options, scope);
    if (refusal !== undefined) return refusal;
    if (this.#value === 0) {
      return waitHolding(this, this.#out, new Waiter("Semaphore.acquire", options, scope), this.#waiters);
    }
    this.#value--;
    this.#out++;
    return undefined;
  }
}

/** A semaphore that refuses to be released more often than it was acquired. Python: `asyncio.BoundedSemaphore`. */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  constructor(value: number = 1) {
    super(value);
    this.#bound = value;
  }

  override release(): void {
    if (this.value >= this.#bound) throw new StateError("BoundedSemaphore released more often than acquired");
    super.release();
  }
}
