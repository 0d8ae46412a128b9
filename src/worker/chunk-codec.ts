import {
  type WireError,
  decodeError,
  encodeError,
  packArguments,
  packResult,
  repack,
  unpackArguments,
  unpackResult,
} from "../closures/index.ts";
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

/** Numbers travel as one block of bytes, other plain values as they are, the rest packed. */
export function packItems(items: readonly unknown[], to: To): unknown {
  if (typeof items[0] === "number" && allNumbers(items)) return Float64Array.from(items as number[]);
  return allPrimitive(items) ? items : { packed: packArguments(items, { to }) };
}

/** The body of a task or chunk, encoded again after the workers could not import what it refers to. */
export function repackBody(body: unknown): unknown {
  const isPacked = typeof body === "object" && body !== null && "packed" in body;
  return isPacked ? { packed: repack(body.packed) } : repack(body);
}

export function unpackItems(wire: unknown): Items | Promise<Items> {
  if (Array.isArray(wire) || wire instanceof Float64Array) return wire;
  return unpackArguments((wire as { packed: unknown }).packed);
}

export function packChunk(chunk: Chunk, to: To): WireChunk {
  const values = chunk.values as unknown[];
  const numbers = typeof values[0] === "number" && allNumbers(values);
  const packed = !numbers && !allPrimitive(values);
  return {
    values: numbers ? Float64Array.from(values as number[]) : packed ? packResult(values, { to }) : values,
    packed,
    failure: chunk.failure && encodeError(chunk.failure.error),
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

function allNumbers(values: readonly unknown[]): boolean {
  for (const value of values) if (typeof value !== "number") return false;
  return true;
}

export function allPrimitive(values: readonly unknown[]): boolean {
  for (const value of values) {
    if (
      (typeof value === "object" && value !== null) ||
      typeof value === "function" ||
      typeof value === "symbol"
    )
      return false;
  }
  return true;
}
