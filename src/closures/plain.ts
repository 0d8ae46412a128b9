import { types } from "node:util";
import { reduce } from "./reduce.ts";
import type { Target } from "./wire.ts";

/**
 * Whether structured clone carries a value faithfully by itself: primitives, plain objects and arrays, and the
 * language's own data types. One pass without allocation; bytes are never looked at.
 *
 * `exact` also turns down what structured clone changes silently (frozen objects, accessors, symbol keys):
 * captured state keeps those, arguments follow structured clone as with any worker.
 */
export class PlainCheck {
  readonly #to: Target;
  readonly #exact: boolean;
  /** Objects known to be plain, or not: an object graph is looked at once however it is shared. */
  #seen: Map<object, boolean> | undefined;
  #visits = 0;
  #tooDeep = false;

  constructor(to: Target, exact: boolean) {
    this.#to = to;
    this.#exact = exact;
  }

  /** What is nested too deeply to be looked at is not plain; encoding it will say so. */
  isPlain(value: unknown): boolean {
    if (this.#tooDeep) return typeof value !== "object" || value === null;
    try {
      return this.#test(value, 0);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#tooDeep = true;
      return false;
    }
  }

  #test(value: unknown, depth: number): boolean {
    if (typeof value !== "object") return typeof value !== "function" && typeof value !== "symbol";
    if (value === null) return true;
    // Small data has no need of a memory of what was seen; it costs more than the check.
    if (!this.#exact && depth < SHALLOW && ++this.#visits < FEW) return this.#object(value, depth);
    const known = (this.#seen ??= new Map()).get(value);
    if (known !== undefined) return known;
    this.#seen.set(value, true);
    const plain = this.#object(value, depth);
    if (!plain) this.#seen.set(value, false);
    return plain;
  }

  #object(value: object, depth: number): boolean {
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === Object.prototype) return this.#record(value as Record<string, unknown>, depth);
    if (proto === Array.prototype) return this.#array(value as unknown[], depth);
    return this.#special(value, proto, depth);
  }

  #record(value: Record<string | symbol, unknown>, depth: number): boolean {
    if (value[reduce] !== undefined) return false;
    if (this.#exact) return this.#exactly(value, depth);
    for (const key in value) if (!this.#test(value[key], depth + 1)) return false;
    return true;
  }

  #array(value: unknown[], depth: number): boolean {
    if (this.#exact && !Object.isExtensible(value)) return false;
    if (this.#exact && Object.keys(value).length !== value.length) return this.#exactly(value, depth);
    for (let i = 0; i < value.length; i++) if (!this.#test(value[i], depth + 1)) return false;
    return true;
  }

  #exactly(value: object, depth: number): boolean {
    if (!Object.isExtensible(value) || types.isProxy(value)) return false;
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === "symbol") return false;
      const property = Object.getOwnPropertyDescriptor(value, key)!;
      if (key === "length" && Array.isArray(value)) continue;
      if (!("value" in property) || !property.enumerable || !property.writable) return false;
      if (!property.configurable || !this.#test(property.value, depth + 1)) return false;
    }
    return true;
  }

  #special(value: object, proto: unknown, depth: number): boolean {
    if (proto === null) return false;
    if (ArrayBuffer.isView(value)) {
      // The channel to a process copies each view by itself, and so would part those of one buffer.
      if (this.#exact && this.#to === "process") return false;
      return VIEWS.has(proto) && this.#memory(value.buffer);
    }
    if (proto === ArrayBuffer.prototype || proto === SharedArrayBuffer.prototype)
      return this.#memory(value as ArrayBufferLike);
    if (this.#exact && Reflect.ownKeys(value).some((key) => key !== "lastIndex")) return false;
    if (proto === Map.prototype && types.isMap(value)) {
      for (const [key, item] of value)
        if (!this.#test(key, depth + 1) || !this.#test(item, depth + 1)) return false;
      return true;
    }
    if (proto === Set.prototype && types.isSet(value)) {
      for (const item of value) if (!this.#test(item, depth + 1)) return false;
      return true;
    }
    if (proto === RegExp.prototype) return types.isRegExp(value) && (!this.#exact || value.lastIndex === 0);
    return proto === Date.prototype && types.isDate(value);
  }

  #memory(buffer: ArrayBufferLike): boolean {
    return this.#to === "thread" || !types.isSharedArrayBuffer(buffer);
  }
}

/** Deeper than this, or after so many objects, shared and cyclic structures must be recognised. */
const SHALLOW = 8;
const FEW = 1000;

const VIEWS: ReadonlySet<unknown> = new Set(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ].map((type) => type.prototype),
);

/** Whether nothing can change in a value any more. */
export function isImmutable(value: unknown, seen: Set<object> = new Set()): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  if (seen.has(value)) return true;
  seen.add(value);
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== Array.prototype && proto !== null) return false;
  if (!Object.isFrozen(value)) return false;
  return Reflect.ownKeys(value).every((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    return "value" in property && isImmutable(property.value, seen);
  });
}
