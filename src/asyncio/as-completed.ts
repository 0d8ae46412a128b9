import { type Outcome, type WaitOptions, Fifo, failed, succeeded } from "../core/index.ts";
import { Batch, type Work } from "./batch.ts";
import type { ValueOf } from "./gather.ts";
import { Waiter, WaiterQueue } from "./waiter.ts";
import { worksOf } from "./works.ts";

/** An outcome and which of the works it belongs to. */
export type Completed<T> = Outcome<T> & { readonly index: number };

/**
 * Runs functions side by side and yields their outcomes as they come; an error is data here and cancels nothing.
 * Leaving the loop early cancels what still runs and waits for it. Python: `asyncio.as_completed`.
 */
export function asCompleted<W extends Work<unknown>>(
  works: Iterable<W>,
  options?: WaitOptions,
): AsyncIterableIterator<Completed<ValueOf<W>>> {
  const list = worksOf("works", works);
  const batch = new AsCompleted("asCompleted", asCompleted, options);
  batch.start(list);
  return batch as AsCompleted & AsyncIterableIterator<Completed<ValueOf<W>>>;
}

class AsCompleted extends Batch {
  readonly #outcomes = new Fifo<Completed<unknown>>();
  readonly #takers = new WaiterQueue();
  #finished = false;

  async next(): Promise<IteratorResult<Completed<any>>> {
    while (true) {
      const value = this.#outcomes.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#finished) break;
      await new Waiter("asCompleted").in(this.#takers);
    }
    this.throwOutcome();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Completed<any>>> {
    this.stop("asCompleted was left early");
    await this.ended;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  override done(): void {
    super.done();
    if (this.live === 0) {
      this.#finished = true;
      this.#takers.grantAll(undefined);
    }
  }

  protected succeeded(index: number, value: unknown): void {
    this.#push({ index, ...succeeded(value) });
  }

  protected override failed(index: number, error: unknown): void {
    this.#push({ index, ...failed(error) });
  }

  #push(outcome: Completed<unknown>): void {
    this.#outcomes.push(outcome);
    this.#takers.grantFirst(undefined);
  }
}
