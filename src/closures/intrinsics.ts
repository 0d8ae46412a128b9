import module from "node:module";
import * as core from "../core/index.ts";
import { mainGlobal } from "./realm.ts";

/**
 * What exists on both sides anyway: the language's own objects, Node's globals and Node's modules. These travel by
 * name. The same code runs on both sides, so a path found here leads to the same thing there.
 */

/** From a root object to the thing, by property names; `%X` is a root that no global names. */
export type IntrinsicPath = readonly string[];

export interface BuiltinPath {
  readonly module: string;
  readonly path: readonly string[];
}

/** A node of the wire format; see wire.ts. */
export type NamedNode =
  | { readonly kind: "intrinsic"; readonly path: IntrinsicPath }
  | ({ readonly kind: "builtin" } & BuiltinPath);

/** What exists on both sides anyway, by its name there. */
export function namedNode(value: object): NamedNode | undefined {
  const intrinsic = intrinsicPath(value);
  if (intrinsic !== undefined) return { kind: "intrinsic", path: intrinsic };
  const builtin = builtinPath(value);
  return builtin && { kind: "builtin", ...builtin };
}

/** Globals that a new thread has too. Whatever is added later belongs to the program and travels by value. */
const ownGlobals: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

export function isOwnGlobal(name: string): boolean {
  return ownGlobals.has(name);
}

/** Names that mean the language's own things in any sane program. */
export function isLanguage(name: string): boolean {
  return ownGlobals.has(name) && !NODE_GLOBALS.has(name);
}

/** Globals that programs also import under the same name, from modules that hold something else. */
const NODE_GLOBALS = new Set([
  "crypto",
  "performance",
  "navigator",
  "fetch",
  "WebSocket",
  "Event",
  "File",
  "Blob",
]);

const hidden: Record<string, unknown> = {
  "%TypedArray": Object.getPrototypeOf(Uint8Array),
  "%AsyncFunction": async function () {}.constructor,
  "%GeneratorFunction": function* () {}.constructor,
  "%AsyncGeneratorFunction": async function* () {}.constructor,
  "%Iterator": Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())),
  "%ArrayIterator": Object.getPrototypeOf([][Symbol.iterator]()),
  "%MapIterator": Object.getPrototypeOf(new Map()[Symbol.iterator]()),
  "%SetIterator": Object.getPrototypeOf(new Set()[Symbol.iterator]()),
  "%spool": { ...core },
  "%StringIterator": Object.getPrototypeOf(""[Symbol.iterator]()),
};

let intrinsics: Map<object, IntrinsicPath> | undefined;
let fetching: Map<object, IntrinsicPath> | undefined;

/** Costs some milliseconds when first called: not for functions that are known to be the program's. */
export function intrinsicPath(value: object): IntrinsicPath | undefined {
  const path = (intrinsics ??= indexIntrinsics()).get(value);
  if (path !== undefined || !fetchIsLoaded()) return path;
  return (fetching ??= indexFetch()).get(value);
}

/** Whether a value is this package's own and has a name on both sides. */
export function isOwnIntrinsic(value: object): boolean {
  return (own ??= new Set(Object.values(core))).has(value);
}

let own: ReadonlySet<unknown> | undefined;

export function intrinsicAt(path: IntrinsicPath): unknown {
  const [root, ...rest] = path as [string, ...string[]];
  const start = root.startsWith("%") ? hidden[root] : (globalThis as Record<string, unknown>)[root];
  return follow(start, rest);
}

let builtins: Map<object, BuiltinPath> | undefined;
let indexed = 0;

/** Where Node's own modules hold a value, looking only at those that are loaded already. */
export function builtinPath(value: object): BuiltinPath | undefined {
  const list = loadList() ?? [];
  if (builtins === undefined || list.length !== indexed) {
    builtins = indexBuiltins(publicModules(list));
    indexed = list.length;
  }
  return builtins.get(value);
}

export function builtinAt({ module: name, path }: BuiltinPath): unknown {
  return follow(process.getBuiltinModule(name), path);
}

function follow(start: unknown, path: readonly string[]): unknown {
  let value = start;
  for (const key of path) value = (value as Record<string, unknown>)[key];
  return value;
}

function indexIntrinsics(): Map<object, IntrinsicPath> {
  const index = new Map<object, IntrinsicPath>();
  for (const realm of [globalThis, mainGlobal()]) {
    if (realm === undefined) continue;
    for (const name of ["globalThis", ...ownGlobals])
      if (!NOT_SHARED.has(name) && !FETCH.has(name)) add(index, dataValue(realm, name), [name], itself);
  }
  for (const [name, value] of Object.entries(hidden)) add(index, value, [name], itself);
  return grown(index);
}

function indexFetch(): Map<object, IntrinsicPath> {
  const index = new Map<object, IntrinsicPath>();
  for (const realm of [globalThis, mainGlobal()]) {
    if (realm === undefined) continue;
    for (const name of FETCH) if (ownGlobals.has(name)) add(index, dataValue(realm, name), [name], itself);
  }
  return grown(index);
}

function grown(index: Map<object, IntrinsicPath>): Map<object, IntrinsicPath> {
  for (const [value, path] of Array.from(index)) grow(index, value, path, 3, itself);
  return index;
}

const itself = (path: IntrinsicPath): IntrinsicPath => path;

/**
 * Globals that Node loads when they are first looked at, with all of its HTTP client: 25 ms. Before that no value can
 * be one of theirs.
 */
const FETCH: ReadonlySet<string> = new Set([
  "FormData",
  "Headers",
  "Request",
  "Response",
  "WebSocket",
  "MessageEvent",
  "CloseEvent",
  "EventSource",
]);

function fetchIsLoaded(): boolean {
  return fetching !== undefined || loadList()?.includes("NativeModule internal/deps/undici/undici") !== false;
}

function loadList(): readonly string[] | undefined {
  return (process as { moduleLoadList?: string[] }).moduleLoadList;
}

function indexBuiltins(names: readonly string[]): Map<object, BuiltinPath> {
  const index = new Map<object, BuiltinPath>();
  for (const name of names) {
    const entry = (path: readonly string[]): BuiltinPath => ({ module: name, path });
    const exports: unknown = process.getBuiltinModule(name);
    if (!isObject(exports) || index.has(exports)) continue;
    index.set(exports, entry([]));
    grow(index, exports, [], 3, entry);
  }
  return index;
}

/** `fs/promises` after `fs`, so that what both hold is found by the shorter name. */
function publicModules(list: readonly string[]): string[] {
  const names = list.map((entry) => entry.replace(/^NativeModule /, "")).filter(isPublicModule);
  return [...names.filter((n) => !n.includes("/")), ...names.filter((n) => n.includes("/"))];
}

/** Modules whose exports warn or load much when looked at are left out. */
function isPublicModule(name: string): boolean {
  return module.isBuiltin(name) && !/^(internal|punycode|sys|wasi|_|sqlite|trace_events)/.test(name);
}

/** Breadth first, so that the shortest path wins; getters are never called. */
function grow<P>(
  index: Map<object, P>,
  value: object,
  path: readonly string[],
  depth: number,
  entry: (path: readonly string[]) => P,
): void {
  let level: [object, readonly string[]][] = [[value, path]];
  for (let d = 0; d < depth && level.length > 0; d++) {
    const next: [object, readonly string[]][] = [];
    for (const [holder, at] of level) {
      if (holder === globalThis) continue;
      for (const key of Object.getOwnPropertyNames(holder)) {
        if (NOT_SHARED.has(key)) continue;
        const member = dataValue(holder, key);
        if (add(index, member, [...at, key], entry)) next.push([member as object, [...at, key]]);
      }
    }
    level = next;
  }
}

function add<P>(
  index: Map<object, P>,
  value: unknown,
  path: readonly string[],
  entry: (path: readonly string[]) => P,
): boolean {
  if (!isObject(value) || index.has(value)) return false;
  index.set(value, entry(path));
  return true;
}

function dataValue(holder: object, key: string): unknown {
  try {
    return Object.getOwnPropertyDescriptor(holder, key)?.value;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Per-process state under these names differs between the sides, or is the program's own. */
const NOT_SHARED = new Set(["mainModule", "_cache", "_pathCache", "argv", "execArgv", "children", "parent"]);
