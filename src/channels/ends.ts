import { isDead, me, type Ring } from "../memory/index.ts";

/** The two ends of a one-way channel. */
export type Role = "reader" | "writer";

/**
 * Who holds the ends of a channel, so that its reader learns that nobody can write any more, and the other way round.
 * Each holder's token stands in a table beside the ring; an end that was sent and has not arrived yet counts as held.
 */
export class Ends {
  readonly #words: Int32Array;
  readonly #base: number;
  #checked = 0;
  #alive = true;
  #found = 0;

  constructor(words: Int32Array, spare: typeof Ring.spareWords) {
    this.#words = words;
    this.#base = spare[0] + 8;
  }

  enter(role: Role): void {
    for (let at = this.#row(role), i = 0; i < HOLDERS; i++) {
      const token = Atomics.load(this.#words, at + i);
      if (token !== 0 && !isDead(token)) continue;
      if (Atomics.compareExchange(this.#words, at + i, token, me()) === token) return;
    }
    // More holders than the table has rows: the end counts as held for ever, which only withholds EOF.
    this.depart(role);
  }

  leave(role: Role): void {
    for (let at = this.#row(role), i = 0; i < HOLDERS; i++) {
      if (Atomics.compareExchange(this.#words, at + i, me(), 0) === me()) return;
    }
  }

  /** An end is sent to another thread or process. */
  depart(role: Role): void {
    Atomics.add(this.#words, this.#travel(role), 1);
  }

  arrive(role: Role): void {
    this.enter(role);
    // The same message may be revived more than once; the count of those on their way must not go below none.
    const at = this.#travel(role);
    for (let count = Atomics.load(this.#words, at); count > 0;) {
      const seen = Atomics.compareExchange(this.#words, at, count, count - 1);
      if (seen === count) return;
      count = seen;
    }
  }

  /** Whether anybody holds the end. Deaths are noticed within `CHECK_MS`, closing at once. */
  held(role: Role): boolean {
    if (Atomics.load(this.#words, this.#travel(role)) > 0) return true;
    const at = this.#row(role);
    // The holder that was found last is most likely there still.
    if (Atomics.load(this.#words, at + this.#found) === 0) {
      this.#found = Math.max(
        0,
        this.#tokens(at).findIndex((token) => token !== 0),
      );
      if (Atomics.load(this.#words, at + this.#found) === 0) return false;
    }
    const now = performance.now();
    if (now - this.#checked < CHECK_MS) return this.#alive;
    this.#checked = now;
    this.#alive = this.#tokens(at).some((token) => token !== 0 && !isDead(token));
    return this.#alive;
  }

  #tokens(at: number): Int32Array {
    return this.#words.subarray(at, at + HOLDERS);
  }

  #row(role: Role): number {
    return this.#base + 8 + (role === "reader" ? 0 : HOLDERS);
  }

  #travel(role: Role): number {
    return this.#base + (role === "reader" ? 0 : 1);
  }
}

const HOLDERS = 64;
const CHECK_MS = 40;
