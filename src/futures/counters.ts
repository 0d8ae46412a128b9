import type { Future } from "./future.ts";

/** Counts what became of futures. */
export class Counters {
  submitted = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;

  add(future: Future<unknown>): void {
    this.submitted++;
    future.addDoneCallback(this.#ended);
  }

  readonly #ended = (future: Future<unknown>): void => {
    if (future.cancelled()) this.cancelled++;
    else if (future.failed()) this.failed++;
    else this.completed++;
  };
}
