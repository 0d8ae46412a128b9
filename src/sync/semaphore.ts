import {
  ArgumentError,
  heldUntil,
  holding,
  type Holding,
  holdingSync,
  notInTime,
  requireInteger,
  type WaitOptions,
  requireWait,
} from "../core/index.ts";
import {
  type Block,
  type BlockState,
  type Point,
  type Steps,
  type Waiter,
  receiveBlock,
  runAsync,
  runSync,
} from "../memory/index.ts";
import { Holders } from "./holders.ts";
import { type Home, place, shareable } from "./share.ts";

/**
 * A counter of permits: `acquire` takes one and waits while there is none, `release` gives some back. Such permits have
 * no holder: any thread may release, and those of a dead process stay taken. A permit taken by `with` or `withSync` has
 * one; when it dies, whoever waits gets the permit within 200 ms. Fairness is that of Lock: nobody overtakes one who has
 * waited 5 ms. Python: `threading.Semaphore`, `multiprocessing.Semaphore`.
 */
export class Semaphore {
  static {
    shareable(this, import.meta.url, "receiveSemaphore", (it: Semaphore, to) => it.home.ship(to));
  }

  protected readonly words: Int32Array;
  protected readonly home: Block;
  readonly #point: Point;
  readonly #holders: Holders;

  constructor(value: number = 1, home: Home = "thread") {
    this.home = place(home, WORDS);
    this.words = this.home.words;
    this.#point = this.home.point(SEQUENCE);
    this.#holders = new Holders(this.words.subarray(HOLDERS, HOLDERS + MOST_HOLDERS));
    if (this.home === home) return;
    requireInteger("value", value, 0, LARGEST);
    this.words[VALUE] = value;
    this.words[INITIAL] = value;
  }

  /** Waits without blocking the thread. Resolves with false when `timeout` seconds have passed. */
  async acquire(options: WaitOptions = {}): Promise<boolean> {
    requireWait(options);
    return runAsync((waiter) => this.#steps(waiter), options);
  }

  /** Blocks the thread while it waits. */
  acquireSync(options: WaitOptions = {}): boolean {
    if (this.#takeUnlessStarved()) return true;
    requireWait(options);
    return runSync((waiter) => this.#steps(waiter), options);
  }

  /** Takes a permit only if one is free. Python: `acquire(blocking=False)`. */
  tryAcquire(): boolean {
    for (;;) {
      const value = Atomics.load(this.words, VALUE);
      if (value <= 0) return false;
      if (Atomics.compareExchange(this.words, VALUE, value, value - 1) === value) return true;
    }
  }

  /** Gives `count` permits back. */
  release(count: number = 1): void {
    if (!this.add(count, LARGEST))
      throw new ArgumentError(`release(${count}): a semaphore counts no further than ${LARGEST}`);
  }

  /** Permits that are free now. Python: `get_value()`. */
  getValue(): number {
    return Atomics.load(this.words, VALUE);
  }

  /** Whether an acquire would have to wait. */
  locked(): boolean {
    return this.getValue() === 0;
  }

  /** Runs `fn` while holding a permit. Throws TimeoutError when none can be had in time. Python: `with semaphore:`. */
  with<R>(fn: (held: Holding) => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    return holding(this, fn, options);
  }

  withSync<R>(fn: (held: Holding) => R, options: WaitOptions = {}): R {
    return holdingSync(this, fn, options);
  }

  /** For `await using permit = await semaphore.hold()`. Throws TimeoutError when no permit can be had in time. */
  async hold(options: WaitOptions = {}): Promise<Holding> {
    const place = await this.take(options);
    if (place === null) throw notInTime("No permit was free", options);
    return heldUntil(() => this.giveBack(place));
  }

  holdSync(options: WaitOptions = {}): Holding {
    requireWait(options);
    const place = runSync((waiter) => this.#hold(waiter), options);
    if (place === null) throw notInTime("No permit was free", options);
    return heldUntil(() => this.giveBack(place));
  }

  /** For `hold`: a permit that comes back when this thread dies, by its place in the table of holders. */
  async take(options: WaitOptions): Promise<number | null> {
    requireWait(options);
    return runAsync((waiter) => this.#hold(waiter), options);
  }

  giveBack(place: number): void {
    this.#holders.leave(place);
    this.release();
  }

  /** Adds permits, unless there would be more than `most`. */
  protected add(count: number, most: number): boolean {
    requireInteger("count", count, 1, LARGEST);
    for (let value = this.getValue(); ;) {
      if (value + count > most) return false;
      const seen = Atomics.compareExchange(this.words, VALUE, value, value + count);
      if (seen === value) break;
      value = seen;
    }
    this.#point.signal(count);
    return true;
  }

  #takeUnlessStarved(): boolean {
    return !this.#point.starved && this.tryAcquire();
  }

  /** Gives back what the dead held. */
  #recover(): void {
    const permits = this.#holders.takeFromTheDead();
    if (permits > 0) Atomics.add(this.words, VALUE, permits);
    if (permits > 1) this.#point.signal(permits - 1);
  }

  /** Enters the holder in the same step as it gets the permit, so that there is hardly a moment to be killed in between. */
  *#hold(waiter: Waiter): Steps<number | null> {
    return (yield* this.#steps(waiter)) ? this.#holders.enter() : null;
  }

  *#steps(waiter: Waiter): Steps<boolean> {
    if (this.#takeUnlessStarved()) return true;
    const since = performance.now();
    let got = false;
    try {
      for (let waited = false, late = false; !got && !late; waited = true) {
        const seen = waiter.announce(this.#point);
        if (waited) this.#recover();
        got = waited ? this.tryAcquire() : this.#takeUnlessStarved();
        if (got) break;
        if (waited && performance.now() - since > STARVING_MS) this.#point.starve();
        late = yield { point: this.#point, seen };
        if (late) got = this.tryAcquire();
      }
    } finally {
      this.#point.fed();
      if (this.getValue() > 0) this.#point.signal();
    }
    return got;
  }
}

/** A semaphore that throws when more permits are released than it began with. */
export class BoundedSemaphore extends Semaphore {
  static {
    shareable(this, import.meta.url, "receiveBoundedSemaphore", (it: BoundedSemaphore, to) =>
      it.home.ship(to),
    );
  }

  /** Throws ArgumentError, and changes nothing, when the count would exceed the initial value. Python: ValueError. */
  override release(count: number = 1): void {
    const initial = this.words[INITIAL]!;
    if (!this.add(count, initial))
      throw new ArgumentError(
        `release(${count}): the semaphore would exceed its initial value ${initial}; it was released too often`,
      );
  }
}

const VALUE = 0;
const SEQUENCE = 1;
const INITIAL = 3;
const HOLDERS = 4;
/** Holders beyond that many are not known, and what they hold is lost with them. */
const MOST_HOLDERS = 60;
const WORDS: number = HOLDERS + MOST_HOLDERS;
const LARGEST = 0x7fffffff;
const STARVING_MS = 5;

/** The other side of `Semaphore[reduce]`; found by name. @public */
export function receiveSemaphore(state: BlockState): Semaphore {
  return new Semaphore(0, receiveBlock(state));
}

/** The other side of `BoundedSemaphore[reduce]`; found by name. @public */
export function receiveBoundedSemaphore(state: BlockState): BoundedSemaphore {
  return new BoundedSemaphore(0, receiveBlock(state));
}
