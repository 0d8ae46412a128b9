import {
  heldUntil,
  holding,
  type Holding,
  holdingSync,
  LockAbandonedError,
  notInTime,
  StateError,
  type WaitOptions,
  requireWait,
} from "../core/index.ts";
import {
  type Abandoned,
  type BlockState,
  MUTEX_WORDS,
  Mutex,
  type MutexStatistics,
  type Steps,
  type Waiter,
  receiveBlock,
  runAsync,
  runSync,
} from "../memory/index.ts";
import { type Home, place, shareable } from "./share.ts";

export interface AcquireOptions extends WaitOptions {
  /**
   * What to do when the previous holder died while it held the lock: `"recover"` (default) acquires it and says so in
   * `abandoned`; `"throw"` throws LockAbandonedError and leaves the lock free for the next one.
   */
  readonly ifAbandoned?: "recover" | "throw";
}

/** A lock held until it is disposed of: `using held = lock.holdSync()`. */
export interface Held extends Holding {
  /** The holder that died with the lock, if it was taken over from one: what it guards may be half-written. */
  readonly abandoned: Abandoned | null;
}

/** What every lock of this package can do; Lock and RLock differ in what a second acquire of the holder does. */
export abstract class BaseLock {
  protected readonly mutex: Mutex;

  constructor(mutex: Mutex) {
    this.mutex = mutex;
  }

  /** Waits without blocking the thread. Resolves with false when `timeout` seconds have passed. */
  async acquire(options: AcquireOptions = {}): Promise<boolean> {
    requireWait(options);
    const acquired = await runAsync((waiter) => this.steps(waiter), options);
    return this.#afterAcquire(acquired, options);
  }

  /**
   * Blocks the thread while it waits. Returns false when `timeout` seconds have passed. About 50 ns when the lock is
   * free. Never use it where the holder needs this thread's event loop to get on.
   */
  acquireSync(options: AcquireOptions = {}): boolean {
    if (this.tryInTurn()) return this.#afterAcquire(true, options);
    requireWait(options);
    this.refuseDeadlock(options);
    return this.#afterAcquire(
      runSync((waiter) => this.steps(waiter), options),
      options,
    );
  }

  /** Acquires only if that needs no waiting. Python: `acquire(blocking=False)`. */
  abstract tryAcquire(): boolean;

  /** Gives the lock up. Throws LockOwnershipError when this thread does not hold it. */
  abstract release(): void;

  /** Runs `fn` while holding the lock. Throws TimeoutError when it cannot be had in time. Python: `with lock:`. */
  async with<R>(fn: (held: Held) => R | PromiseLike<R>, options: AcquireOptions = {}): Promise<R> {
    return holding(this, fn, options);
  }

  withSync<R>(fn: (held: Held) => R, options: AcquireOptions = {}): R {
    return holdingSync(this, fn, options);
  }

  /** For `await using held = await lock.hold()`. Throws TimeoutError when the lock cannot be had in time. */
  async hold(options: AcquireOptions = {}): Promise<Held> {
    if (!(await this.acquire(options))) throw notInTime("The lock could not be acquired", options);
    return this.#held();
  }

  holdSync(options: AcquireOptions = {}): Held {
    if (!this.acquireSync(options)) throw notInTime("The lock could not be acquired", options);
    return this.#held();
  }

  /** Whether anybody holds it now. */
  locked(): boolean {
    return this.mutex.locked;
  }

  /** The holder that died with the lock, while this thread holds what it took over from it. */
  get abandoned(): Abandoned | null {
    return this.mutex.heldByMe ? this.mutex.abandoned : null;
  }

  statistics(): MutexStatistics {
    return this.mutex.statistics;
  }

  /** For Condition: gives the lock up altogether and returns what `restore` needs to have it again as it was. */
  abstract surrender(): number;

  /** For Condition: waits for the lock, however long, and has it again as it was. */
  abstract restore(waiter: Waiter, depth: number): Steps<boolean>;

  /** For Condition: whether this thread holds the lock. */
  get heldByMe(): boolean {
    return this.mutex.heldByMe;
  }

  /** As `tryAcquire`, but a newcomer stands back while somebody has waited too long. */
  protected abstract tryInTurn(): boolean;

  protected abstract steps(waiter: Waiter): Steps<boolean>;

  /** For those who block: throws when the wait could never end. */
  refuseDeadlock(options: WaitOptions): void {
    if (!this.mutex.heldByMe || (options.timeout ?? Infinity) !== Infinity) return;
    throw new StateError(
      "acquireSync: this thread already holds the lock, and blocking it means that nobody could ever release it. " +
        "Release first, use RLock, wait with the asynchronous form, or give a timeout",
    );
  }

  #afterAcquire(acquired: boolean, options: AcquireOptions): boolean {
    const { abandoned } = this.mutex;
    if (!acquired || abandoned === null || options.ifAbandoned !== "throw") return acquired;
    this.release();
    throw new LockAbandonedError(
      `The lock was held by thread ${abandoned.threadId} of process ${abandoned.pid}, which died. ` +
        `What it guards may be half-written: check it, then acquire again`,
      { pid: abandoned.pid, threadId: abandoned.threadId },
    );
  }

  #held(): Held {
    return { abandoned: this.mutex.abandoned, ...heldUntil(() => this.release()) };
  }
}

/**
 * Mutual exclusion between threads, processes, or both, for blocking and asynchronous callers alike. Not reentrant:
 * a second `acquire` in the same thread waits for the first to be released.
 *
 * Only the thread that acquired may release. A lock whose holder dies is taken over by a waiter within 200 ms. A
 * newcomer may overtake waiters until one has waited 5 ms; then it queues up. Python: `threading.Lock`,
 * `multiprocessing.Lock` (where a dead holder leaves everybody waiting for ever).
 */
export class Lock extends BaseLock {
  static {
    shareable(this, import.meta.url, "receiveLock", (it: Lock, to) => it.#home.ship(to));
  }

  readonly #home: ReturnType<typeof place>;

  constructor(home: Home = "thread") {
    const block = place(home, MUTEX_WORDS);
    super(new Mutex(block));
    this.#home = block;
  }

  tryAcquire(): boolean {
    return this.mutex.tryRecover();
  }

  release(): void {
    this.mutex.unlock();
  }

  surrender(): number {
    this.mutex.unlock();
    return 1;
  }

  restore(waiter: Waiter): Steps<boolean> {
    return this.mutex.lock(waiter, true);
  }

  protected tryInTurn(): boolean {
    return !this.mutex.point.starved && this.mutex.tryRecover();
  }

  protected steps(waiter: Waiter): Steps<boolean> {
    return this.mutex.lock(waiter);
  }
}

/** The other side of `Lock[reduce]`; found by name. @public */
export function receiveLock(state: BlockState): Lock {
  return new Lock(receiveBlock(state));
}
