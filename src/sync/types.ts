import { invalid } from "../core/index.ts";

/**
 * Element types by their one-letter codes, as in Python's `array` and `ctypes`: `b B h H i I l L q Q f d`, `?` for
 * booleans and `c` for bytes. `l` and `L` are 64 bits wide, as on every system that processes share memory on.
 */
export type TypeCode = "b" | "B" | "c" | "?" | "h" | "H" | "i" | "I" | "l" | "L" | "q" | "Q" | "f" | "d";

/** `boolean` for `?`, `bigint` for the 64-bit integers, else `number`. */
export type Element<C extends TypeCode> = C extends "?"
  ? boolean
  : C extends "q" | "Q" | "l" | "L"
    ? bigint
    : number;

export type Elements =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** A typed array of `length` elements over the bytes. */
export function elements(code: TypeCode, buffer: ArrayBufferLike, offset: number, length: number): Elements {
  return new ARRAYS[code](buffer as ArrayBuffer, offset, length);
}

export function elementSize(code: TypeCode): number {
  return ARRAYS[code].BYTES_PER_ELEMENT;
}

export function requireTypeCode(parameter: string, code: unknown): TypeCode {
  if (typeof code === "string" && Object.hasOwn(ARRAYS, code)) return code as TypeCode;
  throw invalid(parameter, code, `one of the type codes ${Object.keys(ARRAYS).join(" ")}`);
}

/** What is stored for a value the caller gave. */
export function toElement(code: TypeCode, value: unknown): number | bigint {
  switch (code) {
    case "?":
      return value ? 1 : 0;
    case "q":
    case "Q":
    case "l":
    case "L":
      return BigInt(value as number);
    default:
      return Number(value);
  }
}

/** What the caller gets for what is stored. */
export function fromElement<C extends TypeCode>(code: C, stored: number | bigint): Element<C> {
  return (code === "?" ? stored !== 0 : stored) as Element<C>;
}

interface ElementsConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, offset: number, length: number): Elements;
}

const ARRAYS: Record<TypeCode, ElementsConstructor> = {
  b: Int8Array,
  B: Uint8Array,
  c: Uint8Array,
  "?": Uint8Array,
  h: Int16Array,
  H: Uint16Array,
  i: Int32Array,
  I: Uint32Array,
  l: BigInt64Array,
  L: BigUint64Array,
  q: BigInt64Array,
  Q: BigUint64Array,
  f: Float32Array,
  d: Float64Array,
};
