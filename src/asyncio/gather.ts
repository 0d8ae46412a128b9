import { type Outcome, type WaitOptions, failed, succeeded } from "../core/index.ts";
import { Batch, type Work } from "./batch.ts";
import { worksOf } from "./works.ts";

/** The values of a list of work, in its order. */
export type Gathered<W extends readonly unknown[]> = { -readonly [K in keyof W]: ValueOf<W[K]> };

/** What one piece of work comes to. */
export type ValueOf<W> = W extends (...args: never[]) => infer R ? Awaited<R> : Awaited<W>;

/**
 * Runs functions side by side and gives their values in order. If one fails, the others are cancelled, and its error
 * is thrown when all of them have ended: nothing goes on behind the caller's back. Tasks and promises in the list are
 * waited for but, being someone else's, not cancelled. Costs one async call per function. Further errors are
 * reported as process warnings. Python: `asyncio.gather`, which leaves the siblings running.
 */
export function gather<const W extends readonly Work<unknown>[]>(
  works: W,
  options?: WaitOptions,
): Promise<Gathered<W>>;
export function gather<W extends Work<unknown>>(
  works: Iterable<W>,
  options?: WaitOptions,
): Promise<ValueOf<W>[]>;
export async function gather(works: Iterable<Work<unknown>>, options?: WaitOptions): Promise<unknown> {
  const list = worksOf("works", works);
  const batch = new Gather("gather", gather, options);
  batch.values = new Array<unknown>(list.length);
  batch.start(list);
  await batch.ended;
  batch.throwOutcome();
  return batch.values;
}

/**
 * Runs functions side by side and gives every outcome, value or error, in order; an error cancels nothing.
 * Python: `gather(return_exceptions=True)`, but an error that was returned cannot be taken for one that was thrown.
 */
export function gatherSettled<const W extends readonly Work<unknown>[]>(
  works: W,
  options?: WaitOptions,
): Promise<{ -readonly [K in keyof W]: Outcome<ValueOf<W[K]>> }>;
export function gatherSettled<W extends Work<unknown>>(
  works: Iterable<W>,
  options?: WaitOptions,
): Promise<Outcome<ValueOf<W>>[]>;
export async function gatherSettled(works: Iterable<Work<unknown>>, options?: WaitOptions): Promise<unknown> {
  const list = worksOf("works", works);
  const batch = new GatherSettled("gatherSettled", gatherSettled, options);
  batch.start(list);
  await batch.ended;
  batch.throwOutcome();
  return batch.outcomes;
}

class Gather extends Batch {
  values: unknown[] = [];

  protected succeeded(index: number, value: unknown): void {
    this.values[index] = value;
  }
}

class GatherSettled extends Batch {
  readonly outcomes: Outcome<unknown>[] = [];

  protected succeeded(index: number, value: unknown): void {
    this.outcomes[index] = succeeded(value);
  }

  protected override failed(index: number, error: unknown): void {
    this.outcomes[index] = failed(error);
  }
}
