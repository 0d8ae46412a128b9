import { isThenable } from "../../futures/index.ts";

export interface StreamSink {
  readonly item: (value: unknown) => void;
  /** Called once, last. */
  readonly end: (failure: { readonly error: unknown } | undefined) => void;
}

/** Generators and other iterators stream; arrays, maps and plain iterables are values. */
export function isStreamable(value: unknown): value is Iterator<unknown> | AsyncIterator<unknown> {
  if (value === null || typeof value !== "object") return false;
  const it = value as { next?: unknown; [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
  return (
    typeof it.next === "function" &&
    (typeof it[Symbol.asyncIterator] === "function" || typeof it[Symbol.iterator] === "function")
  );
}

/** A generator that is read as far as its reader has asked. */
export class OutgoingStream {
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #sink: StreamSink;
  #credit = 0;
  #reading = false;
  #stopped = false;
  #ended = false;

  constructor(source: Iterator<unknown> | AsyncIterator<unknown>, sink: StreamSink) {
    this.#source = source;
    this.#sink = sink;
  }

  more(count: number): void {
    this.#credit += count;
    if (!this.#reading) void this.#read();
  }

  /** The reader has left: the generator's `finally` runs, then the stream ends. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (!this.#reading) void this.#finish();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#credit > 0 && !this.#stopped) {
        const step = this.#source.next();
        const { done, value } = isThenable(step) ? ((await step) as IteratorResult<unknown>) : step;
        if (done) return this.#end(undefined);
        this.#credit--;
        this.#sink.item(value);
      }
    } catch (error) {
      return this.#end({ error });
    } finally {
      this.#reading = false;
    }
    if (this.#stopped) await this.#finish();
  }

  async #finish(): Promise<void> {
    try {
      await this.#source.return?.();
      this.#end(undefined);
    } catch (error) {
      this.#end({ error });
    }
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end(failure);
  }
}
