import { type Block, allocateAlone } from "./block.ts";
import { MUTEX_WORDS, Mutex } from "./mutex.ts";
import { Point } from "./point.ts";
import { type Read, Records, RING_BYTES, type Write } from "./records.ts";
import type { MemoryKind } from "./segment.ts";
import { runSync, type Steps, type Waiter } from "./steps.ts";

export interface RingHooks {
  /** Called when there is no message, and again now and then; throws to end the wait. */
  readonly whenEmpty?: () => void;
  /** Called when there is no room, and again now and then; throws to end the wait. */
  readonly whenFull?: () => void;
}

/**
 * A first-in first-out ring of messages for any number of producers and consumers in any threads and processes.
 *
 * Producers exclude each other by one lock, consumers by another; both survive the death of their holder. A message
 * exists from the one store that moves `tail` over it until the one store that moves `head` over it, so that whoever
 * is killed in between has either done the whole of it or nothing. README.md has the argument.
 */
export class Ring {
  readonly block: Block;
  readonly #words: Int32Array;
  readonly #records: Records;
  readonly #putLock: Mutex;
  readonly #getLock: Mutex;
  readonly #notEmpty: Point;
  readonly #notFull: Point;
  readonly #hooks: RingHooks;
  #spins = MOST_SPINS;
  #gets = 0;

  constructor(block: Block, hooks: RingHooks = {}) {
    this.block = block;
    this.#words = block.words;
    this.#records = new Records(block);
    this.#putLock = new Mutex(block.part(PUT_LOCK, MUTEX_WORDS));
    this.#getLock = new Mutex(block.part(GET_LOCK, MUTEX_WORDS));
    this.#notEmpty = block.point(NOT_EMPTY);
    this.#notFull = block.point(NOT_FULL);
    this.#hooks = hooks;
  }

  /** `maxItems`, `maxBytes`: 0 for no limit; a ring without a limit in bytes grows rather than keep a producer waiting. */
  static create(kind: MemoryKind, maxItems: number, maxBytes: number = 0): Block {
    const block = allocateAlone(kind, RING_BYTES);
    block.words[MAX_ITEMS] = maxItems;
    Records.init(block, maxBytes);
    return block;
  }

  /** Words that the owner of the ring may use as it likes. */
  static readonly spareWords: readonly [from: number, count: number] = [128, 256];

  get size(): number {
    return Math.max(0, (Atomics.load(this.#words, PUTS) - Atomics.load(this.#words, GETS)) | 0);
  }

  get maxItems(): number {
    return this.#words[MAX_ITEMS]!;
  }

  get full(): boolean {
    return this.maxItems > 0 && this.size >= this.maxItems;
  }

  /** Whether a message could be read now. */
  get ready(): boolean {
    return this.#records.ready;
  }

  /** Wakes everybody, to look at what has changed outside the ring. */
  stir(): void {
    this.#notEmpty.broadcast();
    this.#notFull.broadcast();
  }

  /**
   * Puts a message if there is room, which an unbounded ring makes if it is told to `grow`; kinds are 1 to 127. Waits
   * for no more than another's copying.
   */
  tryPut(length: number, kind: number, write: Write, grow: boolean = false): boolean {
    this.#enter(this.#putLock);
    return this.#append(length, kind, write, grow);
  }

  *put(waiter: Waiter, length: number, kind: number, write: Write): Steps<boolean> {
    let patience: Patience | null = null;
    for (let late = false; ;) {
      const seen = patience === null ? 0 : waiter.announce(this.#notFull);
      if (!(yield* this.#putLock.lock(waiter))) return false;
      const grow = patience?.over(Atomics.load(this.#words, GETS)) ?? false;
      if (this.#append(length, kind, write, grow)) return true;
      if (late) return false;
      this.#hooks.whenFull?.();
      if (patience === null) patience = new Patience();
      else if (this.full) late = yield { point: this.#notFull, seen };
      else late = yield { point: this.#notFull, seen, most: STALLED_MS / 4 };
    }
  }

  /** Takes a message if there is one; undefined else. */
  tryGet<T>(read: Read<T>): { readonly value: T } | undefined {
    if (!this.ready) return undefined;
    this.#enter(this.#getLock);
    return this.#take(read);
  }

  *get<T>(waiter: Waiter, read: Read<T>): Steps<{ readonly value: T } | undefined> {
    this.#spin();
    let seen = -1;
    for (let late = false, announced = false; ; announced = true) {
      if (announced) seen = waiter.announce(this.#notEmpty);
      if (this.ready) {
        if (!(yield* this.#getLock.lock(waiter))) return undefined;
        const taken = this.#take(read);
        if (taken !== undefined) return taken;
      }
      if (late) return undefined;
      if (!announced) continue;
      this.#hooks.whenEmpty?.();
      late = yield { point: this.#notEmpty, seen };
    }
  }

  /** Waits until a message could be read; resumes with false when the time is up. */
  *poll(waiter: Waiter): Steps<boolean> {
    for (;;) {
      const seen = waiter.announce(this.#notEmpty);
      if (this.ready) {
        // This waiter takes nothing, so the wake-up it may have used up belongs to another.
        this.#notEmpty.signal();
        return true;
      }
      this.#hooks.whenEmpty?.();
      if (yield { point: this.#notEmpty, seen }) return this.ready;
    }
  }

  /**
   * An answer is often here sooner than a sleeper, or an event loop, could be woken. How long to look is learnt: doubled
   * when it was worth it, halved when not, and now and then tried in full, or it would never be found worth it again.
   */
  #spin(): void {
    const most = ++this.#gets % PROBE === 0 ? MOST_SPINS : this.#spins;
    for (let i = 0; i < most; i++) {
      if (!this.ready) continue;
      this.#spins = Math.min(MOST_SPINS, Math.max(this.#spins * 2, most));
      return;
    }
    this.#spins = Math.max(FEWEST_SPINS, this.#spins >> 1);
  }

  #enter(lock: Mutex): void {
    if (!lock.tryLock()) runSync((waiter) => lock.lock(waiter, true));
  }

  /** Called with the put lock held, returns without it. */
  #append(length: number, kind: number, write: Write, grow: boolean): boolean {
    let done = false;
    try {
      if (this.#putLock.abandoned !== null || Atomics.load(this.#words, RECOUNT) === 1) this.#recount();
      done = !this.full && this.#records.append(length, kind, write, grow, this.#countPut);
    } finally {
      this.#putLock.unlock();
    }
    if (done) this.#notEmpty.signal();
    return done;
  }

  /** Called with the get lock held, returns without it. */
  #take<T>(read: Read<T>): { readonly value: T } | undefined {
    let roomy = false;
    try {
      if (this.#getLock.abandoned !== null) Atomics.store(this.#words, RECOUNT, 1);
      const taken = this.#records.take(read, this.#countGet);
      roomy = taken !== undefined && (this.maxItems > 0 || this.#records.roomy);
      return taken;
    } finally {
      this.#getLock.unlock();
      if (roomy) this.#notFull.signal();
    }
  }

  readonly #countPut = (): void => {
    Atomics.store(this.#words, PUTS, (this.#words[PUTS]! + 1) | 0);
  };

  readonly #countGet = (): void => {
    Atomics.store(this.#words, GETS, (this.#words[GETS]! + 1) | 0);
  };

  /** One who was killed may have moved a position and not its counter. Called with the put lock held. */
  #recount(): void {
    runSync((waiter) => this.#getLock.lock(waiter, true));
    try {
      Atomics.store(this.#words, RECOUNT, 0);
      Atomics.store(this.#words, PUTS, (Atomics.load(this.#words, GETS) + this.#records.count()) | 0);
    } finally {
      this.#getLock.unlock();
    }
  }
}

/** How long a producer waits for room before its unbounded ring grows: while consumers get on, but not for ever. */
class Patience {
  readonly #since = performance.now();
  #moved = this.#since;
  #gets: number | undefined;

  /** `gets`: how many messages were ever taken. */
  over(gets: number): boolean {
    const now = performance.now();
    if (this.#gets !== undefined && gets !== this.#gets) this.#moved = now;
    this.#gets = gets;
    return now - this.#moved > STALLED_MS || now - this.#since > SLOW_MS;
  }
}

// Words of the control block. What producers and what consumers write lies on different cache lines; words 13, 45, 97
// and those from 512 on belong to records.ts.
const PUT_LOCK = 0;
const PUTS = 12;
const RECOUNT = 14;
const GET_LOCK = 32;
const GETS = 44;
const NOT_EMPTY = 64;
const NOT_FULL = 80;
const MAX_ITEMS = 96;

/**
 * A full ring gives consumers that stand still this long before it grows: fresh memory costs a page fault every 4 KiB,
 * many times what copying costs. Without consumers the wait is soon over, for each growth doubles the ring.
 */
const STALLED_MS = 20;
/** Consumers that get on, but not as fast as that, are not waited for. */
const SLOW_MS = 100;
/** Some 20 us of looking before going to sleep: about what sleeping and being woken costs. */
const MOST_SPINS = 2000;
const FEWEST_SPINS = 20;
const PROBE = 32;
