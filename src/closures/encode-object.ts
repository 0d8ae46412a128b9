import { types } from "node:util";
import { CaptureError } from "../core/index.ts";
import type { Encoding } from "./encoding.ts";
import { encodeProperties } from "./encode-properties.ts";
import { hostPolicy } from "./host.ts";
import { type NamedNode, builtinPath, intrinsicPath, namedNode } from "./intrinsics.ts";
import { isOwnUrl } from "./own.ts";
import { isImmutable } from "./plain.ts";
import { type Reducible, reduce } from "./reduce.ts";
import { specialOf } from "./specials.ts";
import { type ObjectType, type ObjectWire, NONE } from "./wire.ts";

/** Gives an object that structured clone cannot carry faithfully a node of its own. */
export function encodeObject(enc: Encoding, value: object): void {
  const named = byName(value);
  if (named !== undefined) {
    enc.reserve(value, named);
    return;
  }
  const special = specialOf(value);
  if (special !== undefined) return void enc.reserve(value, special);
  if (isReducible(value)) return encodeReduced(enc, value);
  refuseUncloneable(enc, value);
  const policy = hostPolicy(value, enc.to, enc.message);
  if (policy.kind === "refuse") {
    const problem = `an instance of ${policy.name} is bound to this thread`;
    enc.refuse({ code: "CAPTURE_HOST", problem, hint: policy.hint });
  }
  if (!isImmutable(value)) enc.volatile();
  if (policy.kind === "clone") enc.reserve(value, { kind: "raw", value });
  else encodeParts(enc, value);
}

function byName(value: object): NamedNode | undefined {
  const named = namedNode(value);
  if (named !== undefined || !types.isModuleNamespaceObject(value)) return named;
  const main = (value as { default?: object }).default;
  const path = main === undefined || main === null ? undefined : builtinPath(main);
  return path && { kind: "builtin", ...path };
}

function isReducible(value: object): value is Reducible {
  try {
    return typeof (value as Partial<Reducible>)[reduce] === "function";
  } catch {
    return false;
  }
}

function encodeReduced(enc: Encoding, value: Reducible): void {
  const { revive, state } = value[reduce]({ to: enc.to });
  enc.volatile();
  const node = enc.reserve(value, { kind: "share", url: revive.url, name: revive.name, state: NONE });
  node.state = enc.encode(state, "[reduced state]");
}

function refuseUncloneable(enc: Encoding, value: object): void {
  const refuse = (code: string, problem: string, hint: string): never => enc.refuse({ code, problem, hint });
  if (types.isProxy(value))
    refuse("CAPTURE_PROXY", "a Proxy cannot be looked into", "capture its target, and wrap it again inside");
  if (types.isPromise(value))
    refuse(
      "CAPTURE_UNCLONEABLE",
      "a Promise belongs to this thread",
      "await it before, and capture its value",
    );
  if (types.isGeneratorObject(value))
    refuse(
      "CAPTURE_UNCLONEABLE",
      "a running generator belongs to this thread",
      "capture the generator function and start it inside",
    );
  if (value instanceof WeakRef || value instanceof FinalizationRegistry)
    refuse("CAPTURE_UNCLONEABLE", "a weak reference belongs to this thread", "capture the object itself");
  if (types.isModuleNamespaceObject(value))
    refuse(
      "CAPTURE_NAMESPACE",
      "a module's namespace object does not say where it comes from",
      "import the module where the function is written, or inside the function",
    );
  if (types.isExternal?.(value))
    refuse("CAPTURE_HOST", "a native pointer belongs to this thread", "make it inside the function");
}

function encodeParts(enc: Encoding, value: object): void {
  const type = typeOf(value);
  const node: Mutable<ObjectWire> = {
    kind: "object",
    type,
    data: undefined,
    proto: NONE,
    props: [],
    integrity: integrityOf(value),
  };
  enc.reserve(value, node);
  node.proto = encodePrototype(enc, value, type);
  refusePrivate(enc, value);
  enc.holding(value, () => {
    node.data = encodeData(enc, value, type);
    node.props = encodeProperties(enc, value, keysOf(value, type));
  });
}

function typeOf(value: object): ObjectType {
  if (Array.isArray(value) || types.isArgumentsObject(value)) return "array";
  if (types.isMap(value)) return "map";
  if (types.isSet(value)) return "set";
  if (types.isNativeError(value)) return "error";
  if (types.isDate(value)) return "date";
  if (types.isRegExp(value)) return "regexp";
  if (Buffer.isBuffer(value)) return "buffer";
  if (types.isArrayBufferView(value) || types.isAnyArrayBuffer(value)) return "view";
  if (types.isWeakMap(value)) return "weakmap";
  if (types.isWeakSet(value)) return "weakset";
  if (types.isBoxedPrimitive(value)) return "boxed";
  if (value instanceof URL) return "url";
  if (value instanceof URLSearchParams) return "searchParams";
  return "object";
}

function encodeData(enc: Encoding, value: any, type: ObjectType): unknown {
  switch (type) {
    case "array":
      return Array.from(value as ArrayLike<unknown>, (item, i) =>
        i in value ? enc.encode(item, `[${i}]`) : NONE,
      );
    case "map":
      return [...(value as Map<unknown, unknown>)].map(([key, item]) => [
        enc.encode(key, "[key of the Map]"),
        enc.encode(item, `[value of the Map at ${String(show(key))}]`),
      ]);
    case "set":
      return Array.from(value as Set<unknown>, (item) => enc.encode(item, "[member of the Set]"));
    case "weakmap":
    case "weakset": {
      const entries: [number, number][] = [];
      enc.weak(value, entries);
      return entries;
    }
    case "date":
      return (value as Date).getTime();
    case "regexp":
      return [value.source, value.flags];
    case "error":
      return typeof value.stack === "string" ? value.stack : "";
    case "view":
    case "buffer":
      return encodeBytes(enc, value);
    case "boxed":
      return enc.encode(value.valueOf(), "[boxed value]");
    case "url":
      return (value as URL).href;
    case "searchParams":
      return String(value);
    default:
      return undefined;
  }
}

function encodeBytes(enc: Encoding, value: ArrayBufferView | ArrayBufferLike): unknown {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (enc.to === "process" && types.isSharedArrayBuffer(buffer))
    enc.refuse({
      code: "CAPTURE_SHARED_MEMORY",
      problem: "a SharedArrayBuffer cannot be shared with another process",
      hint: "use threads, or SharedMemory, which processes can share",
    });
  if (!ArrayBuffer.isView(value)) return { type: "", buffer: enc.add({ kind: "raw", value }) };
  const { byteOffset, byteLength } = value;
  // Buffers are cut out of a large common pool, which is no business of the other side.
  if (Buffer.isBuffer(value) && !types.isSharedArrayBuffer(buffer))
    return {
      type: "Uint8Array",
      buffer: enc.add({ kind: "raw", value: new Uint8Array(value).buffer }),
      byteOffset: 0,
      byteLength,
    };
  return { type: viewType(value), buffer: enc.encode(buffer, "[buffer]"), byteOffset, byteLength };
}

function viewType(value: ArrayBufferView): string {
  if (types.isDataView(value)) return "DataView";
  return (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "Uint8Array";
}

function encodePrototype(enc: Encoding, value: object, type: ObjectType): number {
  const proto: object | null = Object.getPrototypeOf(value);
  if (proto === null) return enc.encode(null, "");
  if (proto === PROTOTYPES[type]() || isForeign(proto, type)) return NONE;
  const cls = classOf(proto);
  // Node's own error classes are not to be had by name; what they derive from is.
  if (cls === undefined && type === "error") return encodePrototype(enc, proto, type);
  if (cls === undefined) return enc.encode(proto, "[prototype]");
  if (intrinsicPath(proto) !== undefined) return enc.encode(proto, "[prototype]");
  const of = type === "error" ? tryClass(enc, cls) : enc.encode(cls, `class ${cls.name}`);
  if (of === NONE) return encodePrototype(enc, proto, type);
  return enc.add({ kind: "prototype", of });
}

/** An error whose own class cannot travel is still an error of the class above. */
function tryClass(enc: Encoding, cls: Function): number {
  try {
    const slot = enc.encode(cls, `class ${cls.name}`);
    return enc.nodeAt(slot).kind === "poison" ? NONE : slot;
  } catch (error) {
    if (error instanceof CaptureError) return NONE;
    throw error;
  }
}

/** The class whose `prototype` this is. */
function classOf(proto: object): Function | undefined {
  const cls: unknown = Object.getOwnPropertyDescriptor(proto, "constructor")?.value;
  return typeof cls === "function" && cls.prototype === proto ? cls : undefined;
}

/** The same built-in prototype of another vm context. */
function isForeign(proto: object, type: ObjectType): boolean {
  const cls = classOf(proto);
  if (cls === undefined || intrinsicPath(proto) !== undefined) return false;
  return cls.name === PROTOTYPES[type]().constructor.name && String(cls).includes("[native code]");
}

function refusePrivate(enc: Encoding, value: object): void {
  for (let p: object | null = Object.getPrototypeOf(value); p !== null; p = Object.getPrototypeOf(p)) {
    const cls = classOf(p);
    const script = cls && enc.privateClasses.get(cls);
    if (script === undefined) continue;
    if (isOwnUrl(script))
      enc.refuse({
        code: "CAPTURE_HOST",
        problem: `${value.constructor.name} belongs to the thread that made it, as all pools, threads and processes do`,
        hint: "make one inside the function, or leave this part of the work to the caller",
      });
    enc.refuse({
      code: "CAPTURE_PRIVATE",
      problem: `an instance of ${cls!.name} has native #private members, which nothing outside the class can read`,
      hint: `give ${cls!.name} a [reduce]() method, use TypeScript's \`private\` instead, or make the instance inside the function`,
    });
  }
}

function keysOf(value: object, type: ObjectType): PropertyKey[] {
  const keys = Reflect.ownKeys(value);
  if (type === "array") return keys.filter((k) => k !== "length" && !isIndex(k));
  if (type === "view" || type === "buffer") return keys.filter((k) => !isIndex(k));
  if (type === "error") return keys.filter((k) => k !== "stack");
  if (type === "boxed") return keys.filter((k) => k !== "length" && !isIndex(k));
  if (type === "url" || type === "searchParams") return [];
  return keys;
}

function isIndex(key: PropertyKey): boolean {
  return typeof key === "string" && /^(0|[1-9]\d*)$/.test(key);
}

function integrityOf(value: object): ObjectWire["integrity"] {
  if (Object.isExtensible(value)) return "";
  if (Object.isFrozen(value)) return "frozen";
  return Object.isSealed(value) ? "sealed" : "fixed";
}

function show(key: unknown): unknown {
  return typeof key === "object" ? "an object" : typeof key === "function" ? key.name : key;
}

const PROTOTYPES: Record<ObjectType, () => object> = {
  object: () => Object.prototype,
  array: () => Array.prototype,
  map: () => Map.prototype,
  set: () => Set.prototype,
  weakmap: () => WeakMap.prototype,
  weakset: () => WeakSet.prototype,
  date: () => Date.prototype,
  regexp: () => RegExp.prototype,
  error: () => Error.prototype,
  view: () => Uint8Array.prototype,
  buffer: () => Buffer.prototype,
  url: () => URL.prototype,
  searchParams: () => URLSearchParams.prototype,
  boxed: () => Number.prototype,
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
