import { LockOwnershipError, type WaitOptions, requireInteger } from "../core/index.ts";
import { Lock } from "./lock.ts";
import { shield } from "./shield.ts";
import { Waiter, WaiterQueue } from "./waiter.ts";

/**
 * Waiting for a state that a lock guards. `wait` gives the lock back while it waits and holds it again when it
 * returns or throws, whatever it throws. Python: `asyncio.Condition`.
 */
export class Condition {
  readonly #lock: Lock;
  readonly #waiters = new WaiterQueue();

  constructor(lock: Lock = new Lock()) {
    this.#lock = lock;
  }

  locked(): boolean {
    return this.#lock.locked();
  }

  acquire(options?: WaitOptions): Promise<void> {
    return this.#lock.acquire(options);
  }

  release(): void {
    this.#lock.release();
  }

  with<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return this.#lock.with(fn, options);
  }

  /** Waits for a notification. A notification that came is never lost to a cancellation of the same moment. */
  async wait(options?: WaitOptions): Promise<void> {
    this.#requireHeld("wait");
    const waiter = new Waiter("Condition.wait", options);
    const notified = waiter.in(this.#waiters);
    this.#lock.release();
    try {
      await notified;
    } finally {
      if (!this.#lock.acquireNowait()) await shield(() => this.#lock.acquire());
    }
  }

  /** Waits until `predicate()` holds, checking after each notification. */
  async waitFor(predicate: () => boolean, options?: WaitOptions): Promise<void> {
    while (!predicate()) await this.wait(options);
  }

  /** Wakes the `n` longest waiters. They run when they get the lock. */
  notify(n: number = 1): void {
    requireInteger("n", n, 1);
    this.#requireHeld("notify");
    for (let i = 0; i < n && this.#waiters.grantFirst(undefined); i++);
  }

  notifyAll(): void {
    this.#requireHeld("notifyAll");
    this.#waiters.grantAll(undefined);
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  #requireHeld(call: string): void {
    if (this.#lock.locked()) return;
    throw new LockOwnershipError(`Condition.${call}() needs the lock: call it inside condition.with(...)`);
  }
}
