import { type WaitOptions, requireSeconds, requireSignal, waitable } from "../core/index.ts";

/**
 * The results of `imap` and `imapUnordered`, one by one. `for await` reads them; `next({ timeout })` reads one and waits
 * no longer than that. Python: `multiprocessing.pool.IMapIterator`.
 */
export class IMapIterator<R> implements AsyncIterableIterator<R, void> {
  readonly #results: AsyncIterableIterator<R, void>;
  /** Results whose readers gave up waiting, in order: they belong to the next readers. */
  readonly #unread: Asked<R>[] = [];
  #asked = 0;

  constructor(results: AsyncIterableIterator<R, void>) {
    this.#results = results;
  }

  /**
   * The next result. Throws what its task threw, a TimeoutError after `timeout` seconds, and the signal's reason when
   * it fires. A result that comes too late is not lost: the next call gets it.
   */
  next(options: WaitOptions = {}): Promise<IteratorResult<R, void>> {
    const asked = this.#unread.shift() ?? { index: this.#asked++, result: this.#results.next() };
    const { timeout, signal } = options;
    if (timeout === undefined && signal === undefined) return asked.result;
    if (timeout !== undefined) requireSeconds("timeout", timeout);
    requireSignal("signal", signal);
    const wait = waitable<IteratorResult<R, void>>(options, "Waiting for the next result", () => {
      this.#unread.push(asked);
      this.#unread.sort((a, b) => a.index - b.index);
    });
    asked.result.then(wait.resolve, wait.reject);
    return wait.promise;
  }

  /** Ends the reading: what has not begun is cancelled. */
  async return(): Promise<IteratorResult<R, void>> {
    await this.#results.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

interface Asked<R> {
  readonly index: number;
  readonly result: Promise<IteratorResult<R, void>>;
}
