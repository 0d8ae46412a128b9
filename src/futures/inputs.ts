import { invalid } from "../core/index.ts";
import type { AnyIterable } from "./executor.ts";

/** Inputs of a map, taken in portions. A short portion (also an empty one) is the last. */
export interface Inputs {
  /** Number of inputs where the input says, else undefined. */
  readonly total: number | undefined;
  readonly kind: "sync" | "async";
  /** For sync inputs: up to `count` at once. */
  take(count: number): unknown[];
  /** For async inputs: the next one. */
  next(): Promise<IteratorResult<unknown, unknown>>;
  /** Tells the source that no more is wanted. */
  close(): void;
}

export function isIterable(value: unknown): value is AnyIterable<unknown> {
  if (value === null || value === undefined) return false;
  const object = value as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
  return typeof object[Symbol.iterator] === "function" || typeof object[Symbol.asyncIterator] === "function";
}

/** One iterable gives its items; several are zipped to tuples, as long as the shortest. */
export function inputsOf(iterables: readonly AnyIterable<unknown>[]): Inputs {
  const only = iterables[0];
  if (only === undefined) throw invalid("items", undefined, "an iterable or async iterable");
  if (iterables.length === 1) {
    if (Array.isArray(only) || ArrayBuffer.isView(only)) return new Slices(only as ArrayLike<unknown>);
    return Symbol.asyncIterator in (only as object)
      ? new AsyncSource((only as AsyncIterable<unknown>)[Symbol.asyncIterator](), sizeOf(only))
      : new SyncSource((only as Iterable<unknown>)[Symbol.iterator](), sizeOf(only));
  }
  const sizes = iterables.map(sizeOf);
  const total = sizes.includes(undefined) ? undefined : Math.min(...(sizes as number[]));
  if (iterables.every((it) => !(Symbol.asyncIterator in (it as object)))) {
    return new SyncSource(zip(iterables as Iterable<unknown>[]), total);
  }
  return new AsyncSource(zipAsync(iterables), total);
}

class Slices implements Inputs {
  readonly kind = "sync";
  readonly total: number;
  readonly #items: ArrayLike<unknown>;
  #at = 0;

  constructor(items: ArrayLike<unknown>) {
    this.#items = items;
    this.total = items.length;
  }

  take(count: number): unknown[] {
    const from = this.#at;
    this.#at = Math.min(this.total, from + count);
    return Array.prototype.slice.call(this.#items, from, this.#at) as unknown[];
  }

  next(): Promise<IteratorResult<unknown, unknown>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    this.#at = this.total;
  }
}

class SyncSource implements Inputs {
  readonly kind = "sync";
  readonly total: number | undefined;
  readonly #iterator: Iterator<unknown>;
  #open = true;

  constructor(iterator: Iterator<unknown>, total: number | undefined) {
    this.#iterator = iterator;
    this.total = total;
  }

  take(count: number): unknown[] {
    const portion: unknown[] = [];
    while (this.#open && portion.length < count) {
      const { done, value } = this.#iterator.next();
      if (done) this.#open = false;
      else portion.push(value);
    }
    return portion;
  }

  next(): Promise<IteratorResult<unknown, unknown>> {
    return Promise.resolve(this.#iterator.next());
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#iterator.return?.();
  }
}

class AsyncSource implements Inputs {
  readonly kind = "async";
  readonly total: number | undefined;
  readonly #iterator: AsyncIterator<unknown>;
  #open = true;

  constructor(iterator: AsyncIterator<unknown>, total: number | undefined) {
    this.#iterator = iterator;
    this.total = total;
  }

  take(): unknown[] {
    return [];
  }

  async next(): Promise<IteratorResult<unknown, unknown>> {
    const step = await this.#iterator.next();
    if (step.done) this.#open = false;
    return step;
  }

  /** Not awaited: an async generator that is stuck in its own await would hold up whoever stops early. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#iterator.return?.()?.then(undefined, () => {});
  }
}

function sizeOf(items: AnyIterable<unknown>): number | undefined {
  const sized = items as { length?: unknown; size?: unknown };
  if (typeof sized.length === "number") return sized.length;
  return typeof sized.size === "number" ? sized.size : undefined;
}

function* zip(iterables: readonly Iterable<unknown>[]): Generator<unknown[]> {
  const iterators = iterables.map((it) => it[Symbol.iterator]());
  try {
    for (;;) {
      const steps = iterators.map((it) => it.next());
      if (steps.some((step) => step.done)) return;
      yield steps.map((step) => step.value);
    }
  } finally {
    for (const it of iterators) it.return?.();
  }
}

async function* zipAsync(iterables: readonly AnyIterable<unknown>[]): AsyncGenerator<unknown[]> {
  const iterators = iterables.map((it) =>
    Symbol.asyncIterator in (it as object)
      ? (it as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (it as Iterable<unknown>)[Symbol.iterator](),
  );
  try {
    for (;;) {
      const steps = await Promise.all(iterators.map((it) => it.next()));
      if (steps.some((step) => step.done)) return;
      yield steps.map((step) => step.value);
    }
  } finally {
    for (const it of iterators) void it.return?.();
  }
}
