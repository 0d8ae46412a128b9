import { Fifo } from "../core/index.ts";

/** Items under way or unread at most: enough to hide the way there and back, few enough to bound memory. */
const WINDOW = 16;

export interface StreamSource {
  readonly more: (count: number) => void;
  readonly stop: () => void;
}

/** What a generator in a worker yields, read here: at most WINDOW items ahead of the reader. */
export class IncomingStream implements AsyncIterableIterator<unknown> {
  readonly #source: StreamSource;
  readonly #items = new Fifo<Promise<unknown> | unknown>();
  readonly #readers = new Fifo<PromiseWithResolvers<IteratorResult<unknown, undefined>>>();
  #end: { readonly error: unknown } | "done" | undefined;
  #read = 0;
  #begun = false;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#begun) {
      this.#begun = true;
      this.#source.more(WINDOW);
    }
    if (this.#items.size > 0) return { done: false, value: await this.#take() };
    if (this.#end !== undefined) return this.#ending();
    const reader = Promise.withResolvers<IteratorResult<unknown, undefined>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#end === undefined) this.#source.stop();
    this.finish(undefined);
    this.#items.clear();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** An item has arrived. */
  push(value: unknown): void {
    if (this.#end !== undefined) return;
    this.#items.push(value);
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      Promise.resolve(this.#take()).then(
        (item) => reader.resolve({ done: false, value: item }),
        (error: unknown) => reader.reject(error),
      );
    }
  }

  /** No more will come; an error is thrown once, after the items before it. */
  finish(failure: { readonly error: unknown } | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = failure ?? "done";
    for (let r = this.#readers.shift(); r !== undefined; r = this.#readers.shift())
      this.#ending().then(r.resolve, r.reject);
  }

  #take(): unknown {
    const value = this.#items.shift();
    if (++this.#read >= WINDOW / 2) {
      if (this.#end === undefined) this.#source.more(this.#read);
      this.#read = 0;
    }
    return value;
  }

  async #ending(): Promise<IteratorResult<unknown, undefined>> {
    const end = this.#end;
    this.#end = "done";
    if (end !== undefined && end !== "done") throw end.error;
    return { done: true, value: undefined };
  }
}
