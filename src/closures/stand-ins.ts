import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CaptureError } from "../core/index.ts";
import { importFrom } from "./importer.ts";
import { toPath } from "./source-map.ts";
import type { PoisonWire } from "./wire.ts";

/** What a shipped function finds in place of things that only exist in a module's own text, or cannot travel. */

/** Each property asks the module when it is read, as an imported name does. */
export function liveHolder(names: readonly { alias: string; read: () => unknown }[]): object {
  const holder = {};
  for (const { alias, read } of names) Object.defineProperty(holder, alias, { get: read });
  return holder;
}

export function importMeta(url: string): object {
  const filename = url.startsWith("file:") ? toPath(url) : undefined;
  return {
    url,
    main: false,
    ...(filename === undefined ? {} : { filename, dirname: filename.replace(/[\\/][^\\/]*$/, "") }),
    resolve: (specifier: string) => resolveFrom(url, specifier),
  };
}

function resolveFrom(url: string, specifier: string): string {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, url).href;
  if (URL.canParse(specifier)) return specifier;
  const resolved = createRequire(url).resolve(specifier);
  return resolved.startsWith("/")
    ? new URL(`file://${resolved}`).href
    : `node:${resolved.replace(/^node:/, "")}`;
}

/** Throws the CaptureError that was held back when the function was shipped, whatever is done with it. */
export function poisoned(wire: PoisonWire): unknown {
  const { message, code, path, where, hint } = wire;
  const fail = (): never => {
    throw new CaptureError(message, { code, path, where, hint });
  };
  const traps = Object.fromEntries(TRAPS.map((trap) => [trap, fail]));
  return new Proxy(function () {}, traps);
}

const TRAPS = [
  "get",
  "set",
  "has",
  "apply",
  "construct",
  "deleteProperty",
  "defineProperty",
  "getOwnPropertyDescriptor",
  "getPrototypeOf",
  "ownKeys",
] as const;

/** Vite's own `import()`, whose specifiers may begin at the project's folder. */
export function bundlerImport(base: string): (specifier: string) => Promise<unknown> {
  return (specifier) => {
    const file = specifier.startsWith("/@fs/")
      ? specifier.slice("/@fs".length)
      : join(process.cwd(), specifier);
    const inProject = specifier.startsWith("/") && existsSync(file);
    return importFrom(base, inProject ? pathToFileURL(file).href : specifier, {});
  };
}

/** A CommonJS module as compilers show it to an `import`: live, with the module itself as default where it has none. */
export function interopNamespace(module: unknown, nodeMode: boolean): object {
  const namespace = {};
  const holder = Object(module) as Record<string, unknown>;
  for (const key of Object.keys(holder))
    Object.defineProperty(namespace, key, { get: () => holder[key], enumerable: true, configurable: true });
  if (nodeMode || holder["__esModule"] !== true)
    Object.defineProperty(namespace, "default", { value: module, enumerable: true });
  else if ("default" in holder)
    Object.defineProperty(namespace, "default", { get: () => holder["default"], enumerable: true });
  return namespace;
}

/** In place of a coverage tool's counters, which no one would read on this side. */
export function coverageStub(): object {
  const counters: object = new Proxy(function () {}, {
    get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : counters),
    set: () => true,
    apply: () => counters,
  });
  return counters;
}
