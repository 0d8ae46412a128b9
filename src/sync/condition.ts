import {
  LockOwnershipError,
  requireFunction,
  requireInteger,
  StateError,
  type WaitOptions,
  requireWait,
} from "../core/index.ts";
import {
  type Block,
  type BlockState,
  isDead,
  LOOK_MS,
  me,
  type Point,
  type Steps,
  type Waiter,
  receiveBlock,
  runAsync,
  runSync,
} from "../memory/index.ts";
import type { BaseLock } from "./lock.ts";
import { RLock } from "./rlock.ts";
import { type Home, place, shareable } from "./share.ts";

/**
 * Waits for a change of what a lock guards: `wait` gives the lock up, sleeps until `notify`, and has the lock again
 * when it returns. Waiters are notified first come, first served; one that died is passed over.
 *
 * Each waiter takes a slot of four words: token | ticket (negative once notified) | point (2). Slots change only under
 * the lock. Python: `threading.Condition`, `multiprocessing.Condition`.
 */
export class Condition {
  static {
    shareable(this, import.meta.url, "receiveCondition", (it: Condition, to) => ({
      block: it.#home.ship(to),
      lock: it.lock,
    }));
  }

  /** The lock that goes with it; an RLock of the same memory unless one was given. */
  readonly lock: BaseLock;
  readonly #home: Block;
  readonly #words: Int32Array;

  constructor(lock?: BaseLock, home: Home = "thread") {
    this.#home = place(home, FIRST_SLOT + SLOTS * SLOT_WORDS);
    this.#words = this.#home.words;
    this.lock = lock ?? new RLock(this.#home.segment.kind);
  }

  acquire(options: WaitOptions = {}): Promise<boolean> {
    return this.lock.acquire(options);
  }

  acquireSync(options: WaitOptions = {}): boolean {
    return this.lock.acquireSync(options);
  }

  release(): void {
    this.lock.release();
  }

  /** Runs `fn` while holding the lock. */
  with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    return this.lock.with(fn, options);
  }

  withSync<R>(fn: () => R, options: WaitOptions = {}): R {
    return this.lock.withSync(fn, options);
  }

  /**
   * Waits to be notified; resolves with false when `timeout` seconds have passed first. The lock is held again in
   * either case, and when the signal fires. Throws LockOwnershipError when this thread does not hold the lock.
   */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    this.#begin("wait", options);
    return runAsync((waiter) => this.#wait(waiter), options);
  }

  waitSync(options: WaitOptions = {}): boolean {
    this.#begin("waitSync", options);
    return runSync((waiter) => this.#wait(waiter), options);
  }

  /** Waits until `predicate()` is truthy and returns its value; the last value when the time is up. */
  async waitFor<R>(predicate: () => R, options: WaitOptions = {}): Promise<R> {
    requireFunction("predicate", predicate);
    this.#begin("waitFor", options);
    return runAsync((waiter) => this.#waitFor(waiter, predicate), options);
  }

  waitForSync<R>(predicate: () => R, options: WaitOptions = {}): R {
    requireFunction("predicate", predicate);
    this.#begin("waitForSync", options);
    return runSync((waiter) => this.#waitFor(waiter, predicate), options);
  }

  /** Wakes the `count` longest waiting. They go on once the caller releases the lock. */
  notify(count: number = 1): void {
    requireInteger("count", count, 0);
    this.#requireHeld("notify");
    this.#grant(count);
  }

  notifyAll(): void {
    this.#requireHeld("notifyAll");
    this.#grant(SLOTS);
  }

  *#waitFor<R>(waiter: Waiter, predicate: () => R): Steps<R> {
    for (;;) {
      const value = predicate();
      if (value || !(yield* this.#wait(waiter))) return value || predicate();
    }
  }

  *#wait(waiter: Waiter): Steps<boolean> {
    const slot = this.#takeSlot();
    const point = this.#home.point(slot + POINT);
    const depth = this.lock.surrender();
    let thrown: unknown = NOTHING;
    try {
      yield* this.#untilNotified(waiter, point, slot);
    } catch (error) {
      thrown = error;
    }
    yield* this.#restore(waiter, depth);
    const notified = this.#notified(slot);
    this.#leave(slot);
    if (thrown === NOTHING) return notified;
    if (notified) this.#grant(1);
    throw thrown;
  }

  *#untilNotified(waiter: Waiter, point: Point, slot: number): Steps<void> {
    let looked = performance.now();
    for (;;) {
      const seen = waiter.announce(point);
      if (this.#notified(slot) || (yield { point, seen })) return;
      if (performance.now() - looked < LOOK_MS) continue;
      looked = performance.now();
      this.#inherit();
    }
  }

  /** Has the lock again, whatever is thrown into the wait meanwhile. */
  *#restore(waiter: Waiter, depth: number): Steps<void> {
    for (;;) {
      try {
        yield* this.lock.restore(waiter, depth);
        return;
      } catch {
        // A signal that fires now changes nothing: whoever called wait must hold the lock when it ends.
      }
    }
  }

  #takeSlot(): number {
    let slot = this.#freeSlot();
    if (slot === NONE) {
      this.#bury();
      slot = this.#freeSlot();
    }
    if (slot === NONE)
      throw new StateError(
        `More than ${SLOTS} waiters at one condition; use an Event or a Queue for so many`,
      );
    const words = this.#words;
    words[slot] = me();
    words[slot + TICKET] = ++words[TICKETS]!;
    return slot;
  }

  #freeSlot(): number {
    const words = this.#words;
    for (let index = 0; index < SLOTS; index++) {
      const slot = FIRST_SLOT + index * SLOT_WORDS;
      if (words[slot] !== 0) continue;
      if (index >= words[HIGH]!) words[HIGH] = index + 1;
      return slot;
    }
    return NONE;
  }

  #leave(slot: number): void {
    this.#words[slot] = 0;
    if (this.#waiting().length === 0) {
      this.#words[TICKETS] = 0;
      if (this.#granted().length === 0) this.#words[HIGH] = 0;
    }
  }

  #grant(count: number): void {
    const words = this.#words;
    const inOrder = this.#waiting().sort((a, b) => words[a + TICKET]! - words[b + TICKET]!);
    let left = count;
    for (const slot of inOrder) {
      if (left === 0) return;
      if (isDead(words[slot]!)) {
        words[slot] = 0;
        continue;
      }
      words[slot + TICKET] = -1;
      this.#home.point(slot + POINT).broadcast();
      left--;
    }
  }

  /** A waiter that died after it was notified leaves its notification to the next. */
  #inherit(): void {
    const dead = this.#granted().filter((slot) => isDead(this.#words[slot]!));
    if (dead.length === 0 || this.lock.heldByMe || !this.lock.tryAcquire()) return;
    this.#bury();
    this.lock.release();
  }

  /** Frees the slots of the dead. Called with the lock held. */
  #bury(): void {
    for (const slot of this.#slots(() => true)) {
      if (!isDead(this.#words[slot]!)) continue;
      const wasNotified = this.#notified(slot);
      this.#words[slot] = 0;
      if (wasNotified) this.#grant(1);
    }
  }

  #notified(slot: number): boolean {
    return Atomics.load(this.#words, slot + TICKET) < 0;
  }

  #waiting(): number[] {
    return this.#slots((ticket) => ticket > 0);
  }

  #granted(): number[] {
    return this.#slots((ticket) => ticket < 0);
  }

  #slots(wanted: (ticket: number) => boolean): number[] {
    const found: number[] = [];
    const end = FIRST_SLOT + this.#words[HIGH]! * SLOT_WORDS;
    for (let slot = FIRST_SLOT; slot < end; slot += SLOT_WORDS) {
      if (this.#words[slot] !== 0 && wanted(this.#words[slot + TICKET]!)) found.push(slot);
    }
    return found;
  }

  #begin(call: string, options: WaitOptions): void {
    requireWait(options);
    options.signal?.throwIfAborted();
    this.#requireHeld(call);
  }

  #requireHeld(call: string): void {
    if (this.lock.heldByMe) return;
    throw new LockOwnershipError(`${call}: this thread does not hold the condition's lock. Acquire it first`);
  }
}

const NOTHING = Symbol("nothing thrown");
const NONE = -1;
const TICKETS = 0;
const HIGH = 1;
const FIRST_SLOT = 4;
const SLOT_WORDS = 4;
const TICKET = 1;
const POINT = 2;
/** The most that can wait at once; 16 KiB, of which only what is used takes memory. */
const SLOTS = 1024;

/** The other side of a Condition's crossing; found by name. @public */
export function receiveCondition(state: { readonly block: BlockState; readonly lock: BaseLock }): Condition {
  return new Condition(state.lock, receiveBlock(state.block));
}
