import { compileFunction, constants } from "node:vm";
import { SerializationError } from "../core/index.ts";
import { quietly } from "./quietly.ts";

/** The code of a failed import on the receiving side; the sender may ship again by value. */
export const IMPORT_FAILED = "IMPORT_FAILED";

type Namespace = Record<string, unknown>;
type Attributes = Readonly<Record<string, string>>;
type Import = (specifier: string, options?: { with: Attributes }) => Promise<Namespace>;

const loaded = new Map<string, Namespace>();
const importers = new Map<string, Import>();
let importing = 0;

/** Whether a module is being loaded for a shipped function right now: a pool made meanwhile would be a loop. */
export function isImporting(): boolean {
  return importing > 0;
}

/** A module that {@link importFrom} has loaded before. */
export function loadedFrom(base: string, specifier: string, attributes: Attributes): Namespace | undefined {
  return loaded.get(keyOf(base, specifier, attributes));
}

/** What `import(specifier)` gives in the module `base`, whatever this file's own place is. */
export async function importFrom(
  base: string,
  specifier: string,
  attributes: Attributes,
): Promise<Namespace> {
  const key = keyOf(base, specifier, attributes);
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const importer = importerOf(base);
  const options = Object.keys(attributes).length > 0 ? { with: attributes } : undefined;
  importing++;
  try {
    const namespace = await quietly(() => importer(specifier, options));
    loaded.set(key, namespace);
    return namespace;
  } catch (cause) {
    const what = specifier === base ? base : `"${specifier}" (imported by ${base})`;
    throw importFailure(`The module ${what}`, cause);
  } finally {
    importing--;
  }
}

/** Runs what loads a module in another way. */
export function whileImporting<T>(load: () => T): T {
  importing++;
  try {
    return load();
  } finally {
    importing--;
  }
}

export function importFailure(what: string, cause: unknown): SerializationError {
  const message = `${what} could not be loaded on the receiving side: ${String(cause)}`;
  return new SerializationError(message, { code: IMPORT_FAILED, cause });
}

let announced = false;

/**
 * To be called before code with an `import()` of its own is compiled: Node warns once about the loader constant at
 * the first such import, wherever that is.
 */
export function expectImports(): void {
  if (announced) return;
  announced = true;
  void quietly(() => importerOf(import.meta.url)("node:module"));
}

function importerOf(base: string): Import {
  let importer = importers.get(base);
  if (importer === undefined) {
    importer = compileFunction("return import(specifier, options)", ["specifier", "options"], {
      filename: base,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as Import;
    importers.set(base, importer);
  }
  return importer;
}

function keyOf(base: string, specifier: string, attributes: Attributes): string {
  const relative = specifier.startsWith(".") || !URL.canParse(specifier);
  return `${relative ? base : ""}\n${specifier}\n${JSON.stringify(attributes)}`;
}
