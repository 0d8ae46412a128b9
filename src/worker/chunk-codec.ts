import { type WireError, answering, decodeError, unpackArguments, unpackResult } from "../closures/index.ts";
import { type Chunk, isThenable } from "../futures/index.ts";

/** A chunk's results on their way back. */
export interface WireChunk {
  readonly values: unknown;
  /** Whether `values` went through packResult. */
  readonly packed: boolean;
  readonly failure: WireError | undefined;
  readonly seconds: number;
  readonly asynchronous: boolean;
}

type To = "thread" | "process";
type Items = ArrayLike<unknown>;

export function unpackItems(wire: unknown): Items | Promise<Items> {
  if (Array.isArray(wire) || wire instanceof Float64Array) return wire;
  return unpackArguments((wire as { packed: unknown }).packed);
}

export function packChunk(chunk: Chunk, to: To): WireChunk {
  const values = chunk.values as unknown[];
  const numbers = numbersOf(values, false);
  const packed = numbers === undefined && !allPrimitive(values);
  return {
    values: numbers ?? (packed ? answering.packResult(values, { to }) : values),
    packed,
    failure: chunk.failure && answering.encodeError(chunk.failure.error),
    seconds: chunk.seconds,
    asynchronous: chunk.asynchronous,
  };
}

export function unpackChunk(wire: WireChunk, site: string | undefined): Chunk | Promise<Chunk> {
  const values = (wire.packed ? unpackResult(wire.values) : wire.values) as Items | Promise<Items>;
  const error = wire.failure && decodeError(wire.failure, site);
  if (!isThenable(values) && !isThenable(error)) return chunkOf(wire, values, error);
  return Promise.all([values, error]).then(([v, e]) => chunkOf(wire, v as Items, e));
}

function chunkOf(wire: WireChunk, values: Items, error: unknown): Chunk {
  const { seconds, asynchronous } = wire;
  return { values, seconds, asynchronous, failure: wire.failure && { error } };
}

/** What a chunk on its way back can give up instead of having it copied. */
export function transferOf(chunk: WireChunk): ArrayBuffer[] | undefined {
  return chunk.values instanceof Float64Array ? [chunk.values.buffer as ArrayBuffer] : undefined;
}

/** The values as one block, if all of them are numbers: looked at and copied in one pass. */
export function numbersOf(values: readonly unknown[], shared: boolean): Float64Array | undefined {
  const { length } = values;
  if (length === 0 || typeof values[0] !== "number") return undefined;
  const numbers = new Float64Array(shared ? new SharedArrayBuffer(length * 8) : new ArrayBuffer(length * 8));
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (typeof value !== "number") return undefined;
    numbers[i] = value;
  }
  return numbers;
}

export function allPrimitive(values: Items): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (
      (typeof value === "object" && value !== null) ||
      typeof value === "function" ||
      typeof value === "symbol"
    )
      return false;
  }
  return true;
}
