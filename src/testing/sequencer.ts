import { Event } from "../asyncio/index.ts";
import { StateError, requireInteger } from "../core/index.ts";

/**
 * Puts points of different tasks in a fixed order: `await sequence.step(2, fn)` runs `fn` once steps 0 and 1 are done.
 * Every number may be used once. trio: `trio.testing.Sequencer`.
 */
export class Sequencer {
  readonly #done = new Map<number, Event>();
  readonly #used = new Set<number>();

  /** Waits for its turn, runs `fn`, and lets the next step go, also when `fn` throws. */
  async step<T>(position: number, fn: () => T | PromiseLike<T>): Promise<T> {
    requireInteger("position", position, 0);
    if (this.#used.has(position)) throw new StateError(`Step ${position} of the sequence was taken already`);
    this.#used.add(position);
    try {
      if (position > 0) await this.#event(position - 1).wait();
      return await fn();
    } finally {
      this.#event(position).set();
    }
  }

  /** Waits for its turn and lets the next step go at once. */
  async at(position: number): Promise<void> {
    await this.step(position, () => {});
  }

  #event(position: number): Event {
    let event = this.#done.get(position);
    if (event === undefined) this.#done.set(position, (event = new Event()));
    return event;
  }
}
