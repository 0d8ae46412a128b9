import { isDead, LOOK_MS, me } from "../memory/index.ts";

/** A table of who holds something: one word for each holder, its token; 0 where it is free. */
export class Holders {
  readonly #words: Int32Array;
  #looked = 0;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Enters this thread and returns the place; -1 when the table is full. */
  enter(): number {
    for (let place = 0; place < this.#words.length; place++) {
      if (Atomics.compareExchange(this.#words, place, FREE, me()) === FREE) return place;
    }
    return -1;
  }

  leave(place: number): void {
    if (place >= 0) Atomics.store(this.#words, place, FREE);
  }

  /** Strikes the dead out, and returns how many. Asks the system, so it looks only now and then. */
  takeFromTheDead(): number {
    const now = performance.now();
    if (now - this.#looked < LOOK_MS / 2) return 0;
    this.#looked = now;
    let count = 0;
    for (let place = 0; place < this.#words.length; place++) {
      const token = Atomics.load(this.#words, place);
      // Only one who looks succeeds.
      if (
        token !== FREE &&
        isDead(token) &&
        Atomics.compareExchange(this.#words, place, token, FREE) === token
      )
        count++;
    }
    return count;
  }
}

const FREE = 0;
