import { type Block, type BlockState, allocateAlone, receiveBlock } from "../memory/index.ts";
import type { WireChunk } from "./chunk-codec.ts";

/**
 * Large typed arrays on their way to another process: written into shared memory by one side, copied out by the other,
 * where a message would carry them through a pipe in pieces. The message keeps their place.
 *
 * A segment is used again when the reader has cleared its first word, so that its pages are made only once.
 */
export interface BulkMessage {
  readonly batch: unknown[];
  readonly lifted: readonly Lifted[];
}

interface Lifted {
  readonly segment: number;
  /** The first time that the segment is spoken of. */
  readonly block: BlockState | undefined;
  readonly type: number;
  readonly length: number;
  /** In the batch, and within the array or object there. */
  readonly places: (readonly [index: number, key: string | number | undefined])[];
}

interface Slot {
  readonly number: number;
  readonly block: Block;
  known: boolean;
}

type View = Float64Array | Uint8Array;

export class BulkWriter {
  readonly #slots: Slot[] = [];
  #bytes = 0;

  /** Sends the batch, large arrays by shared memory. `send` throws when something else in it cannot be cloned. */
  send(batch: unknown[], send: (message: unknown) => void): void {
    const lifted = new Map<View, Lifted>();
    const used: Slot[] = [];
    let light = batch;
    const lift = (view: unknown, index: number, key: string | number | undefined): boolean => {
      if (!isLarge(view)) return false;
      const one = lifted.get(view) ?? this.#write(view, used);
      if (one === undefined) return false;
      lifted.set(view, one);
      one.places.push([index, key]);
      return true;
    };
    for (const [i, value] of batch.entries()) {
      const lighter = lighten(value, (view, key) => lift(view, i, key));
      if (lighter === value) continue;
      if (light === batch) light = [...batch];
      light[i] = lighter;
    }
    if (used.length === 0) return send(batch);
    try {
      send({ batch: light, lifted: [...lifted.values()] });
      for (const slot of used) slot.known = true;
    } catch (error) {
      for (const slot of used) slot.block.words[BUSY] = 0;
      throw error;
    }
  }

  /** Undefined when there is no room: then the message carries it. */
  #write(view: View, used: Slot[]): Lifted | undefined {
    const slot = this.#take(view.byteLength);
    if (slot === undefined) return undefined;
    used.push(slot);
    const { block, number, known } = slot;
    block.words[BUSY] = 1;
    block.bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), START);
    return {
      segment: number,
      block: known ? undefined : block.ship("process"),
      type: TYPES.findIndex((type) => Object.getPrototypeOf(view) === type.prototype),
      length: view.length,
      places: [],
    };
  }

  #take(bytes: number): Slot | undefined {
    const free = this.#slots.find(
      ({ block }) => block.bytes.length >= bytes + START && Atomics.load(block.words, BUSY) === 0,
    );
    if (free !== undefined) return free;
    const size = Math.max(SMALLEST_SEGMENT, 2 ** Math.ceil(Math.log2(bytes + START)));
    if (this.#bytes + size > MOST_BYTES) return undefined;
    this.#bytes += size;
    const block = allocateAlone("process", size, true);
    const slot = { number: this.#slots.length, block, known: false };
    this.#slots.push(slot);
    return slot;
  }
}

export class BulkReader {
  readonly #blocks = new Map<number, Block>();

  /** The batch of a message, with the large arrays in their places. */
  read(message: unknown): unknown[] {
    if (Array.isArray(message)) return message;
    const { batch, lifted } = message as BulkMessage;
    for (const one of lifted) {
      const view = this.#copy(one);
      for (const [index, key] of one.places) {
        if (key === undefined) batch[index] = view;
        else (batch[index] as Record<string | number, unknown>)[key] = view;
      }
    }
    return batch;
  }

  #copy({ segment, block: state, type, length }: Lifted): View {
    const block = state === undefined ? this.#blocks.get(segment)! : receiveBlock(state);
    this.#blocks.set(segment, block);
    const view = new TYPES[type]!(length);
    new Uint8Array(view.buffer).set(block.bytes.subarray(START, START + view.byteLength));
    Atomics.store(block.words, BUSY, 0);
    return view;
  }
}

/** Whether a batch holds what would travel better through shared memory. */
export function hasBulk(batch: readonly unknown[]): boolean {
  let found = false;
  for (const value of batch) {
    lighten(value, (view) => {
      found ||= isLarge(view);
      return false;
    });
  }
  return found;
}

/**
 * The value without what `lift` takes out of it, as a copy; the same value when that is nothing. Looked at are a result
 * that is an array itself, the results of a chunk, and arguments if all of them are primitive or such arrays (in other
 * company an array may occur a second time, and its identity would be lost).
 */
function lighten(
  value: unknown,
  lift: (view: unknown, key: string | number | undefined) => boolean,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return lift(value, undefined) ? null : value;
  if (Array.isArray(value)) {
    if (!value.some(isLarge) || !value.every(isAlone)) return value;
    return value.map((item, i) => (lift(item, i) ? null : (item as unknown)));
  }
  const { values } = value as Partial<WireChunk>;
  if ("asynchronous" in value && isLarge(values))
    return lift(values, "values") ? { ...value, values: null } : value;
  return value;
}

function isAlone(item: unknown): boolean {
  return typeof item !== "object" || item === null || isLarge(item);
}

function isLarge(value: unknown): value is View {
  return (
    ArrayBuffer.isView(value) &&
    value.byteLength >= LARGE &&
    TYPES.some((type) => Object.getPrototypeOf(value) === type.prototype)
  );
}

/** Not Buffer: it has a way of its own. */
const TYPES: readonly (typeof Float64Array)[] = [
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

const BUSY = 0;
const START = 64;
/** Bytes from which on the way through shared memory is the shorter one. */
const LARGE = 128 * 1024;
const SMALLEST_SEGMENT = 2 ** 20;
/** Memory of one direction to one worker, kept as long as the worker lives; what finds no room goes by message. */
const MOST_BYTES = 128 * 2 ** 20;
