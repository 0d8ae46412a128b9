import { invalid, requireFunction } from "../core/index.ts";
import type { Chunk, Mapper } from "./chunk.ts";
import { ChunkStream } from "./chunk-stream.ts";
import type { AnyIterable, MapOptions } from "./executor.ts";
import { inputsOf, isIterable } from "./inputs.ts";

export interface MapCall {
  readonly fn: (...args: any[]) => unknown;
  readonly iterables: readonly AnyIterable<unknown>[];
  readonly options: MapOptions;
}

/** Takes `map(fn, ...iterables, options?)` apart. */
export function parseMapCall(fn: unknown, rest: readonly unknown[]): MapCall {
  requireFunction("fn", fn);
  const last = rest.at(-1);
  const hasOptions =
    rest.length > 1 && (last === undefined || (typeof last === "object" && !isIterable(last)));
  const iterables = hasOptions ? rest.slice(0, -1) : rest;
  for (const it of iterables) {
    if (!isIterable(it)) throw invalid("items", it, "an iterable or async iterable");
  }
  return {
    fn: fn as MapCall["fn"],
    iterables: iterables as AnyIterable<unknown>[],
    options: ((hasOptions ? last : undefined) ?? {}) as MapOptions,
  };
}

/** The results of a map one by one; starts at the first `next()`, stops everything when the reader leaves. */
export class MapIterator<R> implements AsyncIterableIterator<R> {
  #open: (() => ChunkStream) | undefined;
  #stream: ChunkStream | undefined;
  #values: ArrayLike<unknown> = [];
  #at = 0;
  #failure: Chunk["failure"];
  #ended = false;
  #busy: Promise<unknown> | undefined;

  constructor(mapper: () => Mapper, call: MapCall) {
    this.#open = () => new ChunkStream(mapper(), inputsOf(call.iterables), call.options);
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#busy === undefined && this.#at < this.#values.length) {
      return Promise.resolve({ done: false, value: this.#values[this.#at++] as R });
    }
    const step = (this.#busy ?? Promise.resolve()).then(() => this.#advance());
    const idle = (): void => {
      if (this.#busy === settled) this.#busy = undefined;
    };
    const settled: Promise<void> = step.then(idle, idle);
    this.#busy = settled;
    return step;
  }

  return(): Promise<IteratorResult<R, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #advance(): Promise<IteratorResult<R, undefined>> {
    while (!this.#ended) {
      if (this.#at < this.#values.length) return { done: false, value: this.#values[this.#at++] as R };
      if (this.#failure !== undefined) {
        const { error } = this.#failure;
        this.#end();
        throw error;
      }
      await this.#nextChunk();
    }
    return { done: true, value: undefined };
  }

  async #nextChunk(): Promise<void> {
    try {
      this.#stream ??= this.#open!();
      const chunk = await this.#stream.next();
      if (chunk === undefined) return this.#end();
      this.#values = chunk.values;
      this.#failure = chunk.failure;
      this.#at = 0;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#values = [];
    this.#at = 0;
    this.#failure = undefined;
    this.#open = undefined;
    this.#stream?.close();
  }
}

/** All results at once, in order: `Pool.map`. Cheaper than reading them one by one. */
export async function collect<R>(mapper: Mapper, call: MapCall): Promise<R[]> {
  const stream = new ChunkStream(mapper, inputsOf(call.iterables), call.options);
  const results: R[] = [];
  for (;;) {
    const chunk = await stream.next();
    if (chunk === undefined) return results;
    const { values } = chunk;
    for (let i = 0; i < values.length; i++) results.push(values[i] as R);
    if (chunk.failure !== undefined) throw chunk.failure.error;
  }
}
