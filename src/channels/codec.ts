import { deserialize, serialize } from "node:v8";
import { packArguments, unpackArguments } from "../closures/index.ts";
import { SerializationError } from "../core/index.ts";
import type { Write } from "../memory/index.ts";
import { decodePlain, encodePlain } from "./plain-codec.ts";

/** A value as bytes, not yet copied anywhere: `write` puts `length` bytes to their place. */
export interface Encoded {
  readonly kind: number;
  readonly length: number;
  readonly write: Write;
}

/**
 * Values that are bytes already (text, buffers, typed arrays, numbers) are copied as they are, small plain ones have a
 * form of their own; everything else goes through structured clone, and functions, class instances and shareable objects through `closures`.
 */
export function encode(value: unknown): Encoded {
  switch (typeof value) {
    case "string":
      return encodeString(value);
    case "number":
      return { kind: NUMBER, length: 8, write: (target, offset) => void target.writeDoubleLE(value, offset) };
    case "object":
      if (value === null) return CONSTANTS.null;
      if (ArrayBuffer.isView(value)) return encodeView(value);
      return encodeStructure(value);
    case "undefined":
      return CONSTANTS.undefined;
    case "boolean":
      return value ? CONSTANTS.true : CONSTANTS.false;
    default:
      return encodeStructure(value);
  }
}

/** The value; a Promise of it when something must be imported first. */
export function decode(source: Buffer, offset: number, length: number, kind: number): unknown {
  if (kind >= FIRST_ARRAY) {
    return new ARRAYS[kind - FIRST_ARRAY]!(copyOf(source, offset, length).buffer);
  }
  switch (kind) {
    case BYTES:
      return copyOf(source, offset, length);
    case BUFFER:
      return Buffer.from(copyOf(source, offset, length).buffer);
    case ASCII:
      return source.toString("latin1", offset, offset + length);
    case TEXT:
      return source.toString("utf8", offset, offset + length);
    case NUMBER:
      return source.readDoubleLE(offset);
    case CONSTANT:
      return ORDER[source[offset]!];
    case PLAIN:
      return decodePlain(source, offset);
    default:
      return decodeStructure(source.subarray(offset, offset + length), kind);
  }
}

/**
 * As `decode`, but bytes and numbers are views of the source itself, good until the message is given up. `offset` must
 * be a multiple of 8, as those of ring messages are.
 */
export function decodeInPlace(source: Buffer, offset: number, length: number, kind: number): unknown {
  const from = source.byteOffset + offset;
  if (kind === BYTES) return new Uint8Array(source.buffer, from, length);
  if (kind === BUFFER) return source.subarray(offset, offset + length);
  if (kind < FIRST_ARRAY) return decode(source, offset, length, kind);
  const type = ARRAYS[kind - FIRST_ARRAY]!;
  return new type(source.buffer, from, length / (type.BYTES_PER_ELEMENT ?? 1));
}

/** Whether reading a message of this kind may run code that it brings: its sender must be known. */
export function needsTrust(kind: number): boolean {
  return kind === PACKED;
}

/** For messages of bytes only: what `sendBytes` takes. */
export function encodeBytes(bytes: Uint8Array): Encoded {
  return { kind: BYTES, length: bytes.length, write: (target, offset) => target.set(bytes, offset) };
}

export function copyOf(source: Buffer, offset: number, length: number): Uint8Array {
  if (length > LARGE) {
    // Memory of its own that need not be zeroed first.
    const { buffer } = Buffer.allocUnsafeSlow(length);
    source.copy(Buffer.from(buffer), 0, offset, offset + length);
    return new Uint8Array(buffer);
  }
  const copy = new Uint8Array(length);
  if (length > SMALL) source.copy(copy, 0, offset, offset + length);
  else for (let i = 0; i < length; i++) copy[i] = source[offset + i]!;
  return copy;
}

/** Above this many bytes, zeroing new memory costs more than asking for memory that is not zeroed. */
const LARGE = 4096;
/** Up to this many bytes a loop is faster than a call. */
const SMALL = 96;

const BYTES = 1;
const BUFFER = 2;
const ASCII = 3;
const TEXT = 4;
const NUMBER = 5;
const CONSTANT = 6;
const STRUCTURE = 7;
const PACKED = 8;
const PLAIN = 9;
const FIRST_ARRAY = 16;

type View = ArrayBufferView<ArrayBufferLike>;
interface ViewConstructor {
  /** DataView has none. */
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): View;
}
const ARRAYS: readonly ViewConstructor[] = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
  DataView,
];
const ORDER = [undefined, null, true, false] as const;
const CONSTANTS = {
  undefined: constant(0),
  null: constant(1),
  true: constant(2),
  false: constant(3),
};

function constant(index: number): Encoded {
  return { kind: CONSTANT, length: 1, write: (target, offset) => void (target[offset] = index) };
}

function encodeString(value: string): Encoded {
  const length = Buffer.byteLength(value);
  // As many bytes as characters means that there are ASCII characters only, which are read back faster.
  if (length === value.length) {
    return {
      kind: ASCII,
      length,
      write: (target, offset) => void target.write(value, offset, length, "latin1"),
    };
  }
  return { kind: TEXT, length, write: (target, offset) => void target.write(value, offset, length, "utf8") };
}

function encodeView(view: View): Encoded {
  const { constructor } = Object.getPrototypeOf(view) as { constructor: unknown };
  if (constructor === Uint8Array || constructor === Buffer) {
    const kind = constructor === Buffer ? BUFFER : BYTES;
    return {
      kind,
      length: view.byteLength,
      write: (target, offset) => target.set(view as Uint8Array, offset),
    };
  }
  const index = ARRAYS.indexOf(constructor as ViewConstructor);
  if (index < 0) return encodeStructure(view);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return {
    kind: FIRST_ARRAY + index,
    length: bytes.length,
    write: (target, offset) => target.set(bytes, offset),
  };
}

function encodeStructure(value: unknown): Encoded {
  const small = typeof value === "object" && value !== null ? encodePlain(value) : undefined;
  if (small !== undefined) {
    return {
      kind: PLAIN,
      length: small.length,
      write: (target, offset) => void small.copy(target, offset),
    };
  }
  const plain = [value];
  const packed = packArguments(plain, { to: "process" });
  const asItIs = Array.isArray(packed) && packed.length === 1 && packed[0] === value;
  let bytes: Buffer;
  try {
    bytes = serialize(asItIs ? value : packed);
  } catch (cause) {
    throw new SerializationError(`The message cannot be sent: ${(cause as Error).message}`, { cause });
  }
  return {
    kind: asItIs ? STRUCTURE : PACKED,
    length: bytes.length,
    write: (target, offset) => target.set(bytes, offset),
  };
}

function decodeStructure(bytes: Buffer, kind: number): unknown {
  // Typed arrays inside would otherwise be views of the ring, which is written over.
  const value: unknown = deserialize(Buffer.from(bytes));
  if (kind === STRUCTURE) return value;
  const unpacked = unpackArguments(value);
  return unpacked instanceof Promise ? unpacked.then(([first]) => first) : unpacked[0];
}
