import { clock } from "../../core/index.ts";

/**
 * Who may say that a lease has ended: only a consumer that reached the broker all along. While the broker is away, or
 * the whole machine sleeps, nobody can renew; whoever is back first would otherwise take everybody's tasks for lost and
 * have them run twice.
 */
export class Vigil {
  readonly #leaseSeconds: number;
  #last = Infinity;
  #since = -Infinity;

  constructor(leaseSeconds: number) {
    this.#leaseSeconds = leaseSeconds;
  }

  /** To be called after each renewal, three to a lease. True: everybody alive has had the time to renew. */
  renewed(): boolean {
    const now = clock().now();
    if (now - this.#last > this.#leaseSeconds * LONGEST_GAP) this.#since = now;
    this.#last = now;
    return now - this.#since >= this.#leaseSeconds;
  }
}

/** Of a lease. One renewal may be missed on a busy machine, which is one that others could make. */
const LONGEST_GAP = 0.75;
