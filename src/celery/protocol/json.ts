import { DecodeError, EncodeError, describe } from "../../core/index.ts";
import { fromMarker, isMarker, toMarker } from "./markers.ts";

/**
 * JSON as Python's Celery writes and reads it: integers of any size (a bigint beyond 2^53), `NaN` and `Infinity` as
 * bare words, and markers for dates, bytes and decimals. Plain data takes the engine's own JSON; only a value or text
 * that holds one of these takes the slow way.
 */
export function encodeJson(value: unknown): string {
  try {
    return isPlain(value) ? JSON.stringify(value) : write(value, "value");
  } catch (error) {
    if (error instanceof RangeError || /circular/i.test(String(error)))
      throw new EncodeError("The value refers to itself, which JSON cannot write", { cause: error });
    throw error;
  }
}

export function decodeJson(text: string): unknown {
  try {
    return SPECIAL.test(text) ? read(text) : JSON.parse(text);
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`Not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** May match inside strings too; a false alarm only costs time. */
const SPECIAL = /\d{16}|NaN|Infinity|__type__/;
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

function read(text: string): unknown {
  const legal = /NaN|Infinity/.test(text)
    ? text.replace(STRING_OR_WORD, (m) => (m.startsWith('"') ? m : `{"__type__":"float","__value__":"${m}"}`))
    : text;
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
  return parse(legal, (_key, value, context) => {
    if (typeof value === "number") {
      const source = context?.source;
      return !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
        ? BigInt(source)
        : value;
    }
    return typeof value === "object" && value !== null && isMarker(value) ? fromMarker(value) : value;
  });
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

/** Whether the engine's own JSON.stringify writes it as Python would read it. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "undefined":
      return false;
    case "object":
      return value === null || (Array.isArray(value) ? value.every(isPlain) : isPlainObject(value));
    default:
      return false;
  }
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || "toJSON" in value) return false;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && !isPlain(member)) return false;
  }
  return true;
}

function write(value: unknown, path: string): string {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "number":
      return String(value);
    case "undefined":
      return "null";
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "object":
      return value === null ? "null" : writeObject(value, path);
    default:
      throw new EncodeError(`${path} is ${describe(value)}, which JSON cannot write`);
  }
}

function writeObject(value: object, path: string): string {
  if (Array.isArray(value)) return `[${value.map((item, i) => write(item, `${path}[${i}]`)).join(", ")}]`;
  const marker = toMarker(value);
  if (marker !== undefined) return JSON.stringify(marker);
  if ("toJSON" in value && typeof value.toJSON === "function")
    return write((value.toJSON as () => unknown)(), path);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new EncodeError(
      `${path} is ${describe(value)}, which JSON cannot write; give it a toJSON() or send plain data`,
    );
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}: ${write(v, `${path}.${k}`)}`).join(", ")}}`;
}
