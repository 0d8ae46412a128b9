import { invalid, requireInteger } from "../core/index.ts";
import type { Chunk, Mapper } from "./chunk.ts";
import type { MapOptions } from "./executor.ts";

/** A chunk should run this long: crossing costs some tens of microseconds, so that about 1 % is lost to it. */
const TARGET_SECONDS = 0.004;
/** Measured times jump about, so that a chunk grows at most by this factor over the last one. */
const GROWTH = 8;
/** Inputs ahead of the reader, in chunks per worker: one running, one waiting behind it, two done and unread. */
const CHUNKS_AHEAD = 4;
/** Near the end of inputs of known length chunks shrink, so that no worker is left alone with a long one. */
const SHARES_LEFT = 3;

/** Decides how many inputs go into the next chunk, from how long the earlier ones took. */
export class ChunkSizer {
  readonly #parallelism: number;
  readonly #largest: number;
  readonly #fixed: number | undefined;
  readonly #buffer: number | undefined;
  #left: number;
  #size = 1;

  constructor(mapper: Mapper, options: MapOptions, total: number | undefined) {
    const { chunkSize, buffer, timeout } = options;
    if (chunkSize !== undefined) requireInteger("chunkSize", chunkSize, 1);
    if (buffer !== undefined && buffer !== Infinity) requireInteger("buffer", buffer, 1);
    if (options.ordered !== undefined && typeof options.ordered !== "boolean")
      throw invalid("ordered", options.ordered, "true or false");
    this.#parallelism = mapper.parallelism;
    this.#largest = mapper.largestChunk;
    this.#fixed = chunkSize ?? (timeout === undefined ? undefined : 1);
    this.#buffer = buffer;
    this.#left = total ?? Infinity;
  }

  get buffer(): number {
    return this.#buffer ?? this.#parallelism * CHUNKS_AHEAD * Math.max(1, this.#fixed ?? this.#size);
  }

  /** `ahead` inputs are already taken and not yet read. */
  next(ahead: number): number {
    const wanted = this.#fixed ?? Math.min(this.#size, this.#fairShare());
    return this.#buffer === undefined ? wanted : Math.min(wanted, Math.max(1, this.#buffer - ahead));
  }

  took(count: number): void {
    this.#left -= count;
  }

  measured(size: number, chunk: Chunk): void {
    if (this.#fixed !== undefined || chunk.failure !== undefined) return;
    if (chunk.asynchronous) {
      this.#size = 1;
      return;
    }
    const wanted = TARGET_SECONDS / Math.max(chunk.seconds / size, 1e-9);
    this.#size = Math.max(1, Math.min(Math.floor(wanted), this.#size * GROWTH, this.#largest));
  }

  #fairShare(): number {
    return this.#left === Infinity
      ? Infinity
      : Math.max(1, Math.ceil(this.#left / (this.#parallelism * SHARES_LEFT)));
  }
}
