import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import type { Encoding } from "./encoding.ts";
import type { LiveScope, Located } from "./probe.ts";
import { type Place, asUrl } from "./scripts.ts";
import { isOwnUrl } from "./own.ts";
import { toPath } from "./source-map.ts";
import type { WireNode } from "./wire.ts";

/**
 * Which modules the other side may load, and where in them a function is found. The program's entry file and the
 * script that submits are never loaded again: running them in a worker would start the program over.
 */

let everythingByValue = false;

/** From now on only installed packages travel by reference: the workers cannot load the program's own modules. */
export function sendByValue(): boolean {
  const changed = !everythingByValue;
  everythingByValue = true;
  return changed;
}

export function mayImport(url: string, enc: Encoding): boolean {
  if (url.startsWith("node:")) return true;
  if (!url.startsWith("file:")) return false;
  if (isInstalled(url)) return true;
  if (everythingByValue || url === entryUrl()) return false;
  for (const name of enc.stack.values()) if (asUrl(name) === url) return false;
  return true;
}

/** Whether the import `specifier` written in `base` may be repeated on the other side. */
export function mayImportFrom(base: string, specifier: string, enc: Encoding): boolean {
  if (/^\.{0,2}\//.test(specifier) || specifier.startsWith("file:"))
    return !URL.canParse(base) || mayImport(new URL(specifier, base).href, enc);
  if (!everythingByValue || specifier.startsWith("node:")) return true;
  if (specifier.startsWith("#")) return false;
  try {
    const file = createRequire(base).resolve(specifier);
    return !file.startsWith("/") || isInstalled(asUrl(file));
  } catch {
    return true;
  }
}

/** The way to a function through the exports of its own module; it is proven to lead to this very function. */
export function exportOf(fn: Function, at: Located, place: Place, enc: Encoding): WireNode | undefined {
  const { url } = place.script;
  if (!mayImport(url, enc)) return undefined;
  const scope = at.scopes.find((s) => s.type === "Module");
  if (scope !== undefined) {
    const path = inModule(fn, scope, place);
    return path && { kind: "import", base: url, specifier: url, attributes: {}, path };
  }
  const file = toPath(url);
  const path = inRequired(fn, file);
  return path && { kind: "require", file, path };
}

/** The CommonJS module whose exports a value is. */
export function requiredFile(value: object): string | undefined {
  for (const [file, entry] of Object.entries(requireCache())) if (entry?.exports === value) return file;
  return undefined;
}

function inModule(fn: Function, scope: LiveScope, place: Place): string[] | undefined {
  if (place.fn.parent.type === "ExportDefaultDeclaration") return ["default"];
  for (const [local, exported] of exportsOf(place)) {
    const value = read(scope.variables, local);
    if (value === fn) return [exported];
    const member = memberPath(value, fn);
    if (member !== undefined) return [exported, ...member];
  }
  return undefined;
}

function exportsOf(place: Place): Iterable<readonly [string, string]> {
  if (place.whole) return place.analysis.exports;
  return [...place.script.text.matchAll(EXPORTS)].flatMap(([, list, name]) =>
    name !== undefined
      ? [[name, name] as const]
      : list!.split(",").map((item) => {
          const [local, exported] = item.trim().split(/\s+as\s+/);
          return [local!, exported ?? local!] as const;
        }),
  );
}

/** `export { a, b as c }` and `export function f`, for scripts too large to parse; what it finds is proven after. */
const EXPORTS = /^export\s*(?:\{([^}]*)\}|(?:async\s+)?(?:function\s*\*?|class|const|let|var)\s+([\w$]+))/gm;

function inRequired(fn: Function, file: string): string[] | undefined {
  const entry = requireCache()[file];
  if (entry === undefined || !entry.loaded) return undefined;
  return entry.exports === fn ? [] : memberPath(entry.exports, fn);
}

/** Up to two steps: `table.dec`, `Vec.prototype.length`, `exports.Vec.from`. */
function memberPath(holder: unknown, fn: Function): string[] | undefined {
  if ((typeof holder !== "object" || holder === null) && typeof holder !== "function") return undefined;
  for (const key of Object.getOwnPropertyNames(holder)) {
    const value = dataValue(holder, key);
    if (value === fn) return [key];
    if ((typeof value !== "object" && typeof value !== "function") || value === null) continue;
    for (const inner of Object.getOwnPropertyNames(value))
      if (dataValue(value, inner) === fn) return [key, inner];
  }
  return undefined;
}

/** Compilers export through getters, so those of a module's `exports` are read too. */
function dataValue(holder: object, key: string): unknown {
  try {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property?.get === undefined) return property?.value;
    return (holder as { __esModule?: boolean }).__esModule === true ? property.get.call(holder) : undefined;
  } catch {
    return undefined;
  }
}

function read(variables: Record<string, unknown>, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return undefined;
  }
}

function isInstalled(url: string): boolean {
  return url.includes("/node_modules/") || isOwnUrl(url);
}

let entry: string | undefined;

function entryUrl(): string {
  if (entry !== undefined) return entry;
  const file = process.argv[1];
  try {
    entry = file === undefined ? "" : asUrl(realpathSync(file));
  } catch {
    entry = asUrl(file!);
  }
  return entry;
}

function requireCache(): Record<string, { exports: unknown; loaded: boolean } | undefined> {
  return createRequire(import.meta.url).cache as never;
}
