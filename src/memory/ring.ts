import { type Block, allocateAlone } from "./block.ts";
import { type Extent, Extents, TABLE_WORDS, UNIT } from "./extents.ts";
import { MUTEX_WORDS, Mutex } from "./mutex.ts";
import { Point } from "./point.ts";
import type { MemoryKind } from "./segment.ts";
import { runSync, type Steps, type Waiter } from "./steps.ts";

/** Copies a message's bytes to where they belong. */
export type Write = (target: Buffer, offset: number) => void;
/** Makes a message of its bytes. The bytes are overwritten afterwards: what is to stay must be copied. */
export type Read<T> = (source: Buffer, offset: number, length: number, kind: number) => T;

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
  readonly #extents: Extents;
  readonly #putLock: Mutex;
  readonly #getLock: Mutex;
  readonly #notEmpty: Point;
  readonly #notFull: Point;
  readonly #hooks: RingHooks;
  #spins = MOST_SPINS;

  constructor(block: Block, hooks: RingHooks = {}) {
    this.block = block;
    this.#words = block.words;
    this.#extents = new Extents(block, TABLE);
    this.#putLock = new Mutex(block.part(PUT_LOCK, MUTEX_WORDS));
    this.#getLock = new Mutex(block.part(GET_LOCK, MUTEX_WORDS));
    this.#notEmpty = block.point(NOT_EMPTY);
    this.#notFull = block.point(NOT_FULL);
    this.#hooks = hooks;
  }

  /** `maxItems`, `maxBytes`: 0 for no limit; a ring without a limit in bytes grows rather than keep a producer waiting. */
  static create(kind: MemoryKind, maxItems: number, maxBytes: number = 0): Block {
    const block = allocateAlone(kind, CONTROL_BYTES + FIRST_EXTENT);
    block.words[MAX_ITEMS] = maxItems;
    block.words[MAX_UNITS] = Math.ceil(maxBytes / UNIT);
    new Extents(block, TABLE).init(CONTROL_BYTES, FIRST_EXTENT);
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
    const extent = this.#extents.at(Atomics.load(this.#words, READ_EXTENT));
    return (
      Atomics.load(this.#words, extent.head) !== Atomics.load(this.#words, extent.tail) ||
      Atomics.load(this.#words, extent.sealed) === 1
    );
  }

  /** Wakes everybody, to look at what has changed outside the ring. */
  stir(): void {
    this.#notEmpty.broadcast();
    this.#notFull.broadcast();
  }

  /** Puts a message if there is room; kinds are 1 to 127. Waits for no more than another's copying. */
  tryPut(length: number, kind: number, write: Write): boolean {
    this.#enter(this.#putLock);
    return this.#append(length, kind, write, false);
  }

  *put(waiter: Waiter, length: number, kind: number, write: Write): Steps<boolean> {
    let since = 0;
    for (let late = false; ;) {
      const seen = since === 0 ? 0 : waiter.announce(this.#notFull);
      if (!(yield* this.#putLock.lock(waiter))) return false;
      const grow = since > 0 && performance.now() - since > GROW_AFTER_MS;
      if (this.#append(length, kind, write, grow)) return true;
      if (late) return false;
      this.#hooks.whenFull?.();
      if (since === 0) since = performance.now();
      else if (this.full) late = yield { point: this.#notFull, seen };
      else late = yield { point: this.#notFull, seen, most: GROW_AFTER_MS };
    }
  }

  /** Takes a message if there is one; undefined else. */
  tryGet<T>(read: Read<T>): { readonly value: T } | undefined {
    if (!this.ready) return undefined;
    this.#enter(this.#getLock);
    return this.#take(read);
  }

  *get<T>(waiter: Waiter, read: Read<T>): Steps<{ readonly value: T } | undefined> {
    if (waiter.blocking) this.#spin();
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

  #spin(): void {
    for (let i = 0; i < this.#spins; i++) {
      if (!this.ready) continue;
      this.#spins = Math.min(MOST_SPINS, this.#spins * 2);
      return;
    }
    this.#spins = Math.max(FEWEST_SPINS, this.#spins >> 1);
  }

  get #bounded(): boolean {
    return this.#words[MAX_UNITS]! > 0;
  }

  #enter(lock: Mutex): void {
    if (!lock.tryLock()) runSync((waiter) => lock.lock(waiter, true));
  }

  /** Called with the put lock held, returns without it. */
  #append(length: number, kind: number, write: Write, grow: boolean): boolean {
    let done = false;
    try {
      if (this.#putLock.abandoned !== null || Atomics.load(this.#words, RECOUNT) === 1) this.#recount();
      done = !this.full && this.#place(1 + Math.ceil(length / UNIT), length, kind, write, grow);
    } finally {
      this.#putLock.unlock();
    }
    if (done) this.#notEmpty.signal();
    return done;
  }

  #place(units: number, length: number, kind: number, write: Write, grow: boolean): boolean {
    const extent = this.#writeExtent();
    // A message of more than half an extent may find no room even in an empty one: it must not be split at the end.
    const tooLarge = units > extent.units >> 1;
    if (!tooLarge && this.#store(extent, units, length, kind, write)) return true;
    if (tooLarge ? this.#bounded && this.size > 0 : this.#bounded || !grow) return false;
    this.#extents.extend(extent, units * 2);
    return this.#store(this.#writeExtent(), units, length, kind, write);
  }

  #store(extent: Extent, units: number, length: number, kind: number, write: Write): boolean {
    const words = this.#words;
    const tail = words[extent.tail]!;
    const used = (tail - Atomics.load(words, extent.head)) >>> 0;
    const at = (tail & extent.mask) >>> 0;
    const toEnd = extent.units - at;
    const skip = toEnd < units ? toEnd : 0;
    const limit =
      words[MAX_UNITS]! > 0 && used > 0 ? Math.min(words[MAX_UNITS]!, extent.units) : extent.units;
    if (used + skip + units > limit) return false;
    if (skip > 0) extent.words[at * 2 + 1] = SKIP;
    const start = skip > 0 ? 0 : at;
    extent.words[start * 2] = length | 0;
    extent.words[start * 2 + 1] = kind;
    write(extent.bytes, (start + 1) * UNIT);
    Atomics.store(words, PUTS, (words[PUTS]! + 1) | 0);
    Atomics.store(words, extent.tail, (tail + skip + units) | 0);
    return true;
  }

  /** Called with the get lock held, returns without it. */
  #take<T>(read: Read<T>): { readonly value: T } | undefined {
    const words = this.#words;
    let roomy = false;
    try {
      if (this.#getLock.abandoned !== null) Atomics.store(words, RECOUNT, 1);
      const extent = this.#readExtent();
      if (extent === undefined) return undefined;
      let head = words[extent.head]!;
      let at = (head & extent.mask) >>> 0;
      if (extent.words[at * 2 + 1] === SKIP) {
        head = (head + extent.units - at) | 0;
        at = 0;
      }
      const length = extent.words[at * 2]! >>> 0;
      const value = read(extent.bytes, (at + 1) * UNIT, length, extent.words[at * 2 + 1]!);
      head = (head + 1 + Math.ceil(length / UNIT)) | 0;
      Atomics.store(words, extent.head, head);
      Atomics.store(words, GETS, (words[GETS]! + 1) | 0);
      roomy = this.#roomy((Atomics.load(words, extent.tail) - head) >>> 0, extent.units);
      return { value };
    } finally {
      this.#getLock.unlock();
      if (roomy) this.#notFull.signal();
    }
  }

  /**
   * Whether producers that wait should be woken. Waking one for the room of a single message would have producer and
   * consumer take turns in sleeping; a producer that would fit earlier looks for itself soon.
   */
  #roomy(used: number, units: number): boolean {
    const { [MAX_ITEMS]: maxItems, [MAX_UNITS]: maxUnits } = this.#words;
    return maxItems! > 0 || used * 2 <= (maxUnits! > 0 ? Math.min(maxUnits!, units) : units);
  }

  #writeExtent(): Extent {
    for (;;) {
      const extent = this.#extents.at(Atomics.load(this.#words, WRITE_EXTENT));
      if (Atomics.load(this.#words, extent.sealed) === 0) return extent;
      Atomics.store(this.#words, WRITE_EXTENT, extent.index + 1);
      this.#extents.close(extent);
    }
  }

  /** The extent that holds the next message, or undefined when there is none. */
  #readExtent(): Extent | undefined {
    for (;;) {
      const extent = this.#extents.at(Atomics.load(this.#words, READ_EXTENT));
      const sealed = Atomics.load(this.#words, extent.sealed) === 1;
      if (Atomics.load(this.#words, extent.tail) !== Atomics.load(this.#words, extent.head)) return extent;
      if (!sealed) return undefined;
      Atomics.store(this.#words, READ_EXTENT, extent.index + 1);
      this.#extents.forget(extent);
    }
  }

  /** One who was killed may have moved a position and not its counter. Called with the put lock held. */
  #recount(): void {
    runSync((waiter) => this.#getLock.lock(waiter, true));
    try {
      Atomics.store(this.#words, RECOUNT, 0);
      Atomics.store(this.#words, PUTS, (Atomics.load(this.#words, GETS) + this.#countMessages()) | 0);
    } finally {
      this.#getLock.unlock();
    }
  }

  #countMessages(): number {
    let count = 0;
    for (let index = this.#words[READ_EXTENT]!; ; index++) {
      const extent = this.#extents.at(index);
      for (let position = this.#words[extent.head]!; position !== this.#words[extent.tail];) {
        const at = (position & extent.mask) >>> 0;
        if (extent.words[at * 2 + 1] === SKIP) position = (position + extent.units - at) | 0;
        else {
          position = (position + 1 + Math.ceil((extent.words[at * 2]! >>> 0) / UNIT)) | 0;
          count++;
        }
      }
      if (Atomics.load(this.#words, extent.sealed) === 0) return count;
    }
  }
}

// Words of the control block. What producers and what consumers write lies on different cache lines.
const PUT_LOCK = 0;
const PUTS = 12;
const WRITE_EXTENT = 13;
const RECOUNT = 14;
const GET_LOCK = 32;
const GETS = 44;
const READ_EXTENT = 45;
const NOT_EMPTY = 64;
const NOT_FULL = 80;
const MAX_ITEMS = 96;
const MAX_UNITS = 97;
const TABLE = 512;
const CONTROL_BYTES: number = Math.ceil(((TABLE + TABLE_WORDS) * 4) / 4096) * 4096;

/** Fits the second-level cache of today's cores, so that a message is still there when it is read. */
const FIRST_EXTENT = 2 ** 20;
/** The kind of the gap before the end of an extent that a message did not fit into. */
const SKIP = -1;
/** A full ring gives its consumers this long before it grows; without consumers that is soon over. */
const GROW_AFTER_MS = 2;
/** 10 to 20 us of looking before going to sleep: less than sleeping and being woken costs. */
const MOST_SPINS = 2000;
const FEWEST_SPINS = 20;
