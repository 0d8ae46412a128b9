import type { Future } from "./future.ts";

/** What became of one chunk: the values in order, up to the first input that failed. */
export interface Chunk {
  readonly values: ArrayLike<unknown>;
  /** Set when an input failed; it was the one at index `values.length`. */
  readonly failure?: { readonly error: unknown } | undefined;
  /** Seconds the chunk took on its worker. */
  readonly seconds: number;
  /** The function returned promises, so that several inputs can be under way in one worker at once. */
  readonly asynchronous: boolean;
}

/** An executor's way to run one function over chunks of inputs. */
export interface Mapper {
  /** How many chunks can run at the same time. */
  readonly parallelism: number;
  /** 1 where nothing is won by bundling: in the same thread. */
  readonly largestChunk: number;
  run(chunk: unknown[]): Future<Chunk>;
}
