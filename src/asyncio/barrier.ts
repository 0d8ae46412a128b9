import { BrokenBarrierError, type WaitOptions, requireInteger } from "../core/index.ts";
import { Waiter, WaiterQueue, refused } from "./waiter.ts";

/**
 * A meeting point for `parties` tasks: each waits until all have come. It can be used again and again.
 *
 *     filling --the last party comes--> (all released) --> filling
 *        \--abort, or a party's wait ends early--> broken --reset--> filling
 *
 * Python: `asyncio.Barrier`.
 */
export class Barrier {
  readonly parties: number;
  #broken = false;
  readonly #waiters = new WaiterQueue();

  constructor(parties: number) {
    this.parties = requireInteger("parties", parties, 1);
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** How many have come and wait. */
  get nWaiting(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for the others; gives this party's number of arrival, 0 to parties - 1. A party that gives up breaks the
   * barrier for the others, since it could never fill again: they get BrokenBarrierError.
   */
  async wait(options?: WaitOptions): Promise<number> {
    this.#requireWhole();
    const refusal = refused(options);
    if (refusal !== undefined) await refusal;
    const index = this.#waiters.size;
    if (index === this.parties - 1) {
      this.#waiters.grantAll(undefined);
      return index;
    }
    try {
      await new Waiter("Barrier.wait", options).in(this.#waiters);
    } catch (error) {
      if (!(error instanceof BrokenBarrierError)) this.abort();
      throw error;
    }
    return index;
  }

  /** Empties the barrier; those who wait get BrokenBarrierError. */
  reset(): void {
    this.#broken = false;
    this.#waiters.interruptAll(() => new BrokenBarrierError("The barrier was reset while this party waited"));
  }

  /** Breaks the barrier until `reset`. */
  abort(): void {
    this.#broken = true;
    this.#waiters.interruptAll(
      () => new BrokenBarrierError("The barrier was broken while this party waited"),
    );
  }

  #requireWhole(): void {
    if (this.#broken) throw new BrokenBarrierError("The barrier is broken; reset() makes it usable again");
  }
}
