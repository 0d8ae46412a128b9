import { types } from "node:util";
import { reduce } from "../closures/index.ts";

/**
 * Small plain values (arrays and objects of text, numbers, booleans and nothing) as bytes, about ten times faster than
 * structured clone, whose set-up costs more than such a message. Whatever does not fit the description, or would
 * come out otherwise than by structured clone (a value that occurs twice, a hole, a property of an array), is left to it.
 *
 * A message stands for itself, since any consumer may get it. Where one writer has one reader (worker/value-writer.ts)
 * the keys of objects are sent once and named by number afterwards, which is a codec of another kind.
 */
export function encodePlain(value: object): Buffer | undefined {
  // A getter inside may send something of its own.
  if (busy) return undefined;
  busy = true;
  end = 0;
  try {
    if (!write(value)) return undefined;
    const bytes = Buffer.allocUnsafe(end);
    scratch.copy(bytes, 0, 0, end);
    return bytes;
  } finally {
    busy = false;
    seen.length = 0;
  }
}

export function decodePlain(source: Buffer, offset: number): unknown {
  from = source;
  at = offset;
  try {
    return read();
  } finally {
    // What is kept would keep its memory mapped.
    from = scratch;
  }
}

/** Larger messages are as fast by structured clone. */
const scratch = Buffer.allocUnsafeSlow(2048);
const view = new DataView(scratch.buffer);
const MOST_OBJECTS = 16;
/** Objects on the way so far: one that comes again would lose its identity here. */
const seen: object[] = [];
let end = 0;
let busy = false;

const UNDEFINED = 0;
const NULL = 1;
const TRUE = 2;
const FALSE = 3;
const INTEGER = 4;
const DOUBLE = 5;
const ASCII = 6;
const UTF16 = 7;
const ARRAY = 8;
const OBJECT = 9;

function write(value: unknown): boolean {
  if (end + 9 > scratch.length) return false;
  switch (typeof value) {
    case "string":
      return writeText(value);
    case "number":
      writeNumber(value);
      return true;
    case "boolean":
      scratch[end++] = value ? TRUE : FALSE;
      return true;
    case "undefined":
      scratch[end++] = UNDEFINED;
      return true;
    case "object":
      return value === null ? ((scratch[end++] = NULL), true) : writeObject(value);
    default:
      return false;
  }
}

function writeNumber(value: number): void {
  const integer = value | 0;
  const exact = integer === value && (integer !== 0 || !Object.is(value, -0));
  scratch[end++] = exact ? INTEGER : DOUBLE;
  if (exact) view.setInt32(end, value, true);
  else view.setFloat64(end, value, true);
  end += exact ? 4 : 8;
}

function writeText(text: string): boolean {
  const { length } = text;
  if (end + 3 + length * 2 > scratch.length) return false;
  const head = end;
  view.setUint16(head + 1, length, true);
  end += 3;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return writeWide(text, head);
    scratch[end + i] = code;
  }
  scratch[head] = ASCII;
  end += length;
  return true;
}

/** As it is in memory, lone surrogates included. */
function writeWide(text: string, head: number): boolean {
  scratch[head] = UTF16;
  scratch.write(text, end, "utf16le");
  end += text.length * 2;
  return true;
}

function writeObject(value: object): boolean {
  if (seen.length === MOST_OBJECTS || seen.includes(value) || types.isProxy(value)) return false;
  seen.push(value);
  if (Array.isArray(value)) return writeArray(value);
  if (Object.getPrototypeOf(value) !== Object.prototype || reduce in value) return false;
  const keys = Object.keys(value);
  writeHead(OBJECT, keys.length);
  for (const key of keys) {
    if (key === "__proto__" || !writeText(key) || !write((value as Record<string, unknown>)[key]))
      return false;
  }
  return true;
}

function writeArray(value: readonly unknown[]): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype) return false;
  if (value.length > scratch.length || Object.keys(value).length !== value.length) return false;
  writeHead(ARRAY, value.length);
  for (const [i, element] of value.entries()) {
    if ((element === undefined && !(i in value)) || !write(element)) return false;
  }
  return true;
}

function writeHead(tag: number, count: number): void {
  scratch[end] = tag;
  view.setUint16(end + 1, count, true);
  end += 3;
}

let from: Buffer = scratch;
let at = 0;

function read(): unknown {
  const tag = from[at++]!;
  switch (tag) {
    case UNDEFINED:
      return undefined;
    case NULL:
      return null;
    case TRUE:
      return true;
    case FALSE:
      return false;
    case INTEGER:
      return from.readInt32LE((at += 4) - 4);
    case DOUBLE:
      return from.readDoubleLE((at += 8) - 8);
    case ARRAY:
      return readArray(readCount());
    case OBJECT:
      return readObject(readCount());
    default:
      return readText(tag);
  }
}

function readArray(length: number): unknown[] {
  const array: unknown[] = [];
  for (let i = 0; i < length; i++) array.push(read());
  return array;
}

function readObject(length: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) object[readText(from[at++]!)] = read();
  return object;
}

function readText(tag: number): string {
  const length = readCount();
  const start = at;
  at += tag === ASCII ? length : length * 2;
  return from.toString(tag === ASCII ? "latin1" : "utf16le", start, at);
}

function readCount(): number {
  const low = from[at++]!;
  return low | (from[at++]! << 8);
}
