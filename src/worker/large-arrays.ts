import type { MessagePort } from "node:worker_threads";
import type { WireChunk } from "./chunk-codec.ts";

/** A typed array; the two stand for all. */
export type View = Float64Array | Uint8Array;

/**
 * A value of a record with its large typed arrays replaced, as a copy; the same value when there are none. Looked at
 * are a result that is an array itself, the results of a chunk, and arguments if all of them are primitive or such
 * arrays: in other company an array may occur a second time, and its identity would be lost.
 */
export function replaceLarge(
  value: unknown,
  replace: (view: View, key: string | number | undefined) => unknown,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isLarge(value)) return replace(value, undefined);
  if (Array.isArray(value)) {
    if (!value.some(isLarge) || !value.every(isAlone)) return value;
    return value.map((item: unknown, i) => (isLarge(item) ? replace(item, i) : item));
  }
  const { values } = value as Partial<WireChunk>;
  return "asynchronous" in value && isLarge(values) ? { ...value, values: replace(values, "values") } : value;
}

export function hasLarge(batch: readonly unknown[]): boolean {
  let found = false;
  for (const value of batch) {
    replaceLarge(value, (view) => {
      found = true;
      return view;
    });
  }
  return found;
}

/**
 * Posts a batch to a thread, large arrays copied here and moved: structured clone would copy them twice, here and there.
 * Only arrays that have their buffer for themselves; of the others the whole buffer has to come along.
 */
export function postBatch(
  port: { postMessage(value: unknown, transfer: readonly Transferable[]): void },
  batch: readonly unknown[],
  transfer: readonly unknown[],
): void {
  // By identity, so that what is shared stays shared.
  const buffers = new Map<ArrayBufferLike, ArrayBuffer>();
  const views = new Map<View, View>();
  const copied = batch.map((value) =>
    replaceLarge(value, (view) => {
      if (!ownsBuffer(view) || transfer.includes(view.buffer)) return view;
      const Type = TYPES[typeOf(view)]!;
      const known = buffers.get(view.buffer);
      // Made from a view, its memory need not be cleared first, as that of `buffer.slice` is.
      const copy = views.get(view) ?? (known === undefined ? new Type(view) : new Type(known));
      buffers.set(view.buffer, copy.buffer as ArrayBuffer);
      views.set(view, copy);
      return copy;
    }),
  );
  if (views.size === 0) port.postMessage(batch, transfer as Transferable[]);
  else port.postMessage(copied, [...(transfer as Transferable[]), ...buffers.values()]);
}

type Transferable = ArrayBuffer | MessagePort;

/** The types that a large array may have. Not Buffer: it has a way of its own. */
export const TYPES: readonly (typeof Float64Array)[] = [
  Float64Array,
  Float32Array,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
] as unknown as (typeof Float64Array)[];

/** Index of the view's type in TYPES; -1 for a DataView, a Buffer, an array of another realm or a subclass. */
export function typeOf(view: ArrayBufferView): number {
  return TYPES.findIndex((type) => Object.getPrototypeOf(view) === type.prototype);
}

function isAlone(item: unknown): boolean {
  return typeof item !== "object" || item === null || isLarge(item);
}

function isLarge(value: unknown): value is View {
  return ArrayBuffer.isView(value) && value.byteLength >= LARGE && typeOf(value) >= 0;
}

function ownsBuffer({ buffer, byteLength }: View): boolean {
  return buffer instanceof ArrayBuffer && !buffer.resizable && buffer.byteLength === byteLength;
}

/** Bytes from which on a way of their own is the shorter one. */
const LARGE = 128 * 1024;
