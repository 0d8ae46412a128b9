import { type ObjectWire, type Property, type Slot, CONFIGURABLE, ENUMERABLE, WRITABLE } from "./wire.ts";

type Get = (slot: Slot) => unknown;

/** An object of the right kind, still empty, so that its parts may refer to it. */
export function createObject(node: ObjectWire, get: Get): object {
  const data = node.data as any;
  switch (node.type) {
    case "object":
      return {};
    case "array":
      return new Array((data as Slot[]).length);
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "weakmap":
      return new WeakMap();
    case "weakset":
      return new WeakSet();
    case "date":
      return new Date(data as number);
    case "regexp":
      return new RegExp(data[0] as string, data[1] as string);
    case "error":
      return emptyError(data as string);
    case "view":
    case "buffer":
      return viewOf(data as Bytes, get(data.buffer as Slot) as ArrayBuffer, node.type === "buffer");
    case "boxed":
      return Object(get(data as Slot)) as object;
    case "url":
      return new URL(data as string);
    case "searchParams":
      return new URLSearchParams(data as string);
  }
}

export function fillObject(object: object, node: ObjectWire, get: Get): void {
  const slots = node.data as Slot[];
  if (node.type === "array")
    slots.forEach((slot, i) => {
      if (slot >= 0) (object as unknown[])[i] = get(slot);
    });
  else if (node.type === "set" || node.type === "weakset") {
    const add = node.type === "set" ? Set.prototype.add : WeakSet.prototype.add;
    for (const entry of slots as (Slot | [Slot, Slot])[])
      add.call(object as never, get(Array.isArray(entry) ? entry[0] : entry) as never);
  } else if (node.type === "map" || node.type === "weakmap") {
    const set = node.type === "map" ? Map.prototype.set : WeakMap.prototype.set;
    for (const [key, value] of node.data as [Slot, Slot][])
      set.call(object as never, get(key) as never, get(value));
  }
  defineProperties(object, node.props, get);
}

export function defineProperties(object: object, props: readonly Property[], get: Get): void {
  for (const { key, attributes, value, get: getter, set: setter } of props) {
    const shared = {
      enumerable: (attributes & ENUMERABLE) !== 0,
      configurable: (attributes & CONFIGURABLE) !== 0,
    };
    const property: PropertyDescriptor =
      getter === undefined
        ? { ...shared, writable: (attributes & WRITABLE) !== 0, value: get(value) }
        : { ...shared, get: get(getter) as () => unknown, set: get(setter!) as (v: unknown) => void };
    Object.defineProperty(object, typeof key === "number" ? (get(key) as symbol) : key, property);
  }
}

export function seal(object: object, integrity: ObjectWire["integrity"]): void {
  if (integrity === "frozen") Object.freeze(object);
  else if (integrity === "sealed") Object.seal(object);
  else Object.preventExtensions(object);
}

function emptyError(stack: string): Error {
  const error = new Error();
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  return error;
}

interface Bytes {
  readonly type: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

function viewOf({ type, byteOffset, byteLength }: Bytes, buffer: ArrayBuffer, isBuffer: boolean): object {
  if (type === "") return buffer;
  if (isBuffer) return Buffer.from(buffer, byteOffset, byteLength);
  const View = (globalThis as unknown as Record<string, ViewConstructor>)[type]!;
  return new View(buffer, byteOffset, byteLength / (View.BYTES_PER_ELEMENT ?? 1));
}

interface ViewConstructor {
  new (buffer: ArrayBufferLike, offset: number, length: number): object;
  readonly BYTES_PER_ELEMENT?: number;
}
