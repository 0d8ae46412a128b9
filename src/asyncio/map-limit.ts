import { type WaitOptions, invalid, requireFunction, requireInteger } from "../core/index.ts";
import { Batch } from "./batch.ts";
import { interruptible } from "./interruptible.ts";

/**
 * Runs `fn(item, index)` over the items, at most `limit` at a time, and gives the results in order. Items are taken
 * only as calls begin, so endless or lazy input is read no further than needed. The first error stops the intake,
 * cancels the running calls and is thrown when they have ended. Costs one async loop per unit of `limit`, not per
 * item. To use threads or processes instead, take an executor's `map`.
 */
export async function mapLimit<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  fn: (item: T, index: number) => R | PromiseLike<R>,
  options?: WaitOptions,
): Promise<R[]> {
  requireFunction("fn", fn);
  if (limit !== Infinity) requireInteger("limit", limit, 1);
  const source = itemsOf(items);
  const batch = new MapLimit<T, R>("mapLimit", mapLimit, options);
  batch.begin(source, limit, fn);
  await batch.ended;
  await batch.closeInput();
  batch.throwOutcome();
  return batch.results;
}

class MapLimit<T, R> extends Batch {
  readonly results: R[] = [];
  #taken = 0;
  #exhausted = false;
  #close: (() => unknown) | undefined = undefined;
  #fn!: (item: T, index: number) => R | PromiseLike<R>;

  begin(source: Source<T>, limit: number, fn: (item: T, index: number) => R | PromiseLike<R>): void {
    this.#fn = fn;
    this.live = 1;
    this.scope.run(() => {
      if (source.sync !== undefined) this.#beginSync(source.sync, limit);
      else void this.#beginAsync(source.async, limit);
    });
  }

  protected succeeded(): void {}

  /** An input that was left before its end is told so, unless it is stuck in a `next` of its own. */
  async closeInput(): Promise<void> {
    if (!this.#exhausted) await this.#close?.();
  }

  #beginSync(items: Iterator<T>, limit: number): void {
    this.#close = () => items.return?.();
    for (let i = 0; i < limit && !this.#exhausted && !this.scope.cancelled; i++) {
      this.live++;
      void this.#work(items);
    }
    if (this.scope.cancelled) this.interrupted = true;
    this.done();
  }

  /** One lane: takes the next item whenever its call has ended. */
  async #work(items: Iterator<T>): Promise<void> {
    let index = this.#taken;
    try {
      while (!this.#exhausted && !this.scope.cancelled) {
        const next = items.next();
        if (next.done === true) {
          this.#exhausted = true;
          break;
        }
        index = this.#taken++;
        this.results[index] = await this.#fn(next.value, index);
      }
    } catch (error) {
      this.settleError(index, error);
      return;
    }
    if (!this.#exhausted) this.interrupted = true;
    this.settleOk(index, undefined);
  }

  /** Asynchronous input is read by one reader, so that its order is the order of the results. */
  async #beginAsync(items: AsyncIterator<T>, limit: number): Promise<void> {
    const reader = new AsyncReader(items);
    this.#close = () => reader.close();
    const lanes = limit === Infinity ? 1 : limit;
    for (let i = 0; i < lanes; i++) {
      this.live++;
      void this.#workAsync(reader, limit === Infinity);
    }
    this.done();
  }

  async #workAsync(reader: AsyncReader<T>, unlimited: boolean): Promise<void> {
    let index = this.#taken;
    try {
      while (!this.scope.cancelled) {
        const next = await interruptible(reader.next(), "mapLimit input");
        if (next.done === true || this.scope.cancelled) break;
        index = this.#taken++;
        if (unlimited) this.#detach(next.value, index);
        else this.results[index] = await this.#fn(next.value, index);
      }
    } catch (error) {
      this.settleError(index, error);
      return;
    }
    if (this.scope.cancelled) this.interrupted = true;
    this.settleOk(index, undefined);
  }

  #detach(item: T, index: number): void {
    this.live++;
    void (async () => {
      try {
        this.results[index] = await this.#fn(item, index);
      } catch (error) {
        this.settleError(index, error);
        return;
      }
      this.settleOk(index, undefined);
    })();
  }
}

/** Serialises `next`, which an async iterator need not allow to overlap. */
class AsyncReader<T> {
  readonly #items: AsyncIterator<T>;
  #last: Promise<unknown> = Promise.resolve();
  #reading = 0;
  #ended = false;

  constructor(items: AsyncIterator<T>) {
    this.#items = items;
  }

  next(): Promise<IteratorResult<T>> {
    const next = this.#last.then(() => this.#read());
    this.#last = next.catch(() => {});
    return next;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const closing = this.#items.return?.();
    if (this.#reading === 0) await closing;
  }

  async #read(): Promise<IteratorResult<T>> {
    if (this.#ended) return { done: true, value: undefined };
    this.#reading++;
    try {
      const result = await this.#items.next();
      this.#ended ||= result.done === true;
      return result;
    } catch (error) {
      this.#ended = true;
      throw error;
    } finally {
      this.#reading--;
    }
  }
}

type Source<T> =
  | { readonly sync: Iterator<T> }
  | { readonly sync: undefined; readonly async: AsyncIterator<T> };

function itemsOf<T>(items: Iterable<T> | AsyncIterable<T>): Source<T> {
  if (typeof items === "object" && items !== null) {
    if (Symbol.asyncIterator in items) return { sync: undefined, async: items[Symbol.asyncIterator]() };
    if (Symbol.iterator in items) return { sync: items[Symbol.iterator]() };
  }
  throw invalid("items", items, "an iterable or async iterable");
}
