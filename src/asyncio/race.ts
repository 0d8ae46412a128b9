import type { WaitOptions } from "../core/index.ts";
import { invalid } from "../core/index.ts";
import { Batch, type Work } from "./batch.ts";
import type { ValueOf } from "./gather.ts";
import { worksOf } from "./works.ts";

/**
 * Runs functions side by side; the first to end, with a value or an error, decides. The others are cancelled, and
 * only when all have ended is the value returned or the error thrown: no loser goes on. A value that a loser
 * still returns is dropped, an error it still throws is reported. `Promise.race` leaves the losers running.
 */
export async function race<W extends Work<unknown>>(
  works: Iterable<W>,
  options?: WaitOptions,
): Promise<ValueOf<W>> {
  const list = worksOf("works", works);
  if (list.length === 0) throw invalid("works", works, "at least one function, task or promise");
  const batch = new Race("race", race, options);
  batch.start(list);
  await batch.ended;
  if (batch.won && batch.errors.length === 0) return batch.value as ValueOf<W>;
  batch.throwOutcome();
  return batch.value as ValueOf<W>;
}

class Race extends Batch {
  won = false;
  value: unknown = undefined;

  protected succeeded(_index: number, value: unknown): void {
    if (this.won || this.errors.length > 0) return;
    this.won = true;
    this.value = value;
    this.stop("race was won by another call");
  }
}
