import { SLEEPERS, STARVING, type Segment } from "./segment.ts";

/**
 * A place to wait at until something changes: two words, `sequence | waiters`.
 *
 * A waiter announces itself (its bit goes into `waiters`, it remembers `sequence`), looks at the state it waits for,
 * and only then sleeps while `sequence` is unchanged. A changer alters the state first, then calls `signal`, which
 * moves `sequence` if any bit is set. README.md says why no wake-up is lost.
 */
export class Point {
  readonly segment: Segment;
  /** Index of the sequence word in the segment's words. */
  readonly word: number;
  readonly #words: Int32Array;

  constructor(segment: Segment, word: number) {
    this.segment = segment;
    this.word = word;
    this.#words = segment.words;
  }

  get sequence(): number {
    return Atomics.load(this.#words, this.word);
  }

  /** Enters `bit` and returns the sequence to sleep on. The state must be looked at afterwards. */
  announce(bit: number): number {
    const sequence = Atomics.load(this.#words, this.word);
    if ((this.#words[this.word + 1]! & bit) === 0) Atomics.or(this.#words, this.word + 1, bit);
    return sequence;
  }

  /** Wakes `count` waiters, or a few more: each looks for itself. Cheap when nobody waits. */
  signal(count: number = 1): void {
    if ((Atomics.load(this.#words, this.word + 1) & ~STARVING) !== 0) this.#wake(count);
  }

  /** Wakes every waiter. */
  broadcast(): void {
    this.signal(EVERYBODY);
  }

  /** Whether somebody has waited so long that newcomers must stand back. */
  get starved(): boolean {
    return (this.#words[this.word + 1]! & STARVING) !== 0;
  }

  starve(): void {
    Atomics.or(this.#words, this.word + 1, STARVING);
  }

  /** Called by one who has waited and got its turn, or leaves. */
  fed(): void {
    if (this.starved) Atomics.and(this.#words, this.word + 1, ~STARVING);
  }

  #wake(count: number): void {
    const waiters = Atomics.and(this.#words, this.word + 1, STARVING);
    Atomics.add(this.#words, this.word, count);
    let loops = waiters & ~(SLEEPERS | STARVING);
    if (count === 1 && loops !== 0) {
      const one = this.#oneOf(loops);
      if (loops !== one) Atomics.or(this.#words, this.word + 1, loops & ~one);
      loops = one;
    }
    if ((waiters & SLEEPERS) !== 0) this.segment.wake(this.word, count);
    if (loops !== 0) this.segment.ring(loops);
  }

  /** A different bit each time, so that no event loop is passed over for ever. */
  #oneOf(bits: number): number {
    const start = (Atomics.load(this.#words, this.word) >>> 0) % 30;
    for (let i = 0; i < 31; i++) {
      const bit = 1 << ((start + i) % 31);
      if ((bits & bit) !== 0) return bit;
    }
    return bits;
  }
}

/** Words a point takes. */
export const POINT_WORDS = 2;
/** Added to the sequence by a broadcast; more than a point ever has waiters. */
export const EVERYBODY: number = 1 << 20;
