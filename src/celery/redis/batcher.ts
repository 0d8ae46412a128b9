/**
 * Collects what is asked for within one turn and does it in one go. The order is kept; a failure fails all of its
 * batch.
 */
export class Batcher<T, R> {
  readonly #run: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #largest: number;
  #items: T[] = [];
  #waiting: { resolve(value: R): void; reject(error: unknown): void }[] = [];
  #flights = new Set<Promise<unknown>>();

  constructor(run: (items: readonly T[]) => Promise<readonly R[]>, largest: number) {
    this.#run = run;
    this.#largest = largest;
  }

  add(item: T): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#items.push(item);
      this.#waiting.push({ resolve, reject });
      if (this.#items.length >= this.#largest) this.#flush();
      else if (this.#items.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  /** Resolves when all that was added has been tried. */
  async drain(): Promise<void> {
    this.#flush();
    await Promise.allSettled(this.#flights);
  }

  #flush(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    const waiting = this.#waiting;
    this.#items = [];
    this.#waiting = [];
    const flight: Promise<void> = this.#run(items)
      .then(
        (results) => waiting.forEach((one, i) => one.resolve(results[i] as R)),
        (error: unknown) => waiting.forEach((one) => one.reject(error)),
      )
      .finally(() => this.#flights.delete(flight));
    this.#flights.add(flight);
  }
}
