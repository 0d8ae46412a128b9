import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../core/index.ts";

/** A user's function, by reference: workers import the module and call the export, nothing is copied. */
export interface FunctionFile {
  readonly url: string;
  readonly name: string;
  readonly fn: (item: unknown) => unknown;
  readonly module: Readonly<Record<string, unknown>>;
}

/**
 * Loads `FILE` or `FILE#export`. Without a name it takes the default export, or the only function that the module
 * exports. The module is imported here too, so that a mistake shows before any worker starts.
 */
export async function loadFunction(spec: string): Promise<FunctionFile> {
  const { file, name } = splitSpec(spec);
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`there is no file ${file} (looked for ${path})`);
  const url = pathToFileURL(path).href;
  const module = await importModule(file, url);
  const chosen = name ?? onlyFunction(file, module);
  const fn = module[chosen];
  if (typeof fn !== "function") throw new UsageError(noSuchFunction(file, chosen, module));
  return { url, name: chosen, fn: fn as FunctionFile["fn"], module };
}

/** A file whose own name holds a `#` is found as it is; otherwise the last one begins the export's name. */
function splitSpec(spec: string): { file: string; name: string | undefined } {
  const at = spec.lastIndexOf("#");
  if (at < 0 || existsSync(resolve(spec))) return { file: spec, name: undefined };
  return { file: spec.slice(0, at), name: spec.slice(at + 1) || undefined };
}

async function importModule(file: string, url: string): Promise<Record<string, unknown>> {
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${errorText(error)}`, { cause: error });
  }
}

function onlyFunction(file: string, module: Record<string, unknown>): string {
  if (typeof module["default"] === "function") return "default";
  const names = functionNames(module);
  if (names.length === 1) return names[0]!;
  throw new UsageError(
    names.length === 0
      ? `${file} exports no function: write \`export function work(input) { ... }\``
      : `${file} exports several functions: choose one with ${names.map((n) => `${file}#${n}`).join(", ")}`,
  );
}

function noSuchFunction(file: string, name: string, module: Record<string, unknown>): string {
  if (name in module) return `the export "${name}" of ${file} is not a function`;
  const names = functionNames(module);
  return `${file} has no export "${name}"; it exports ${names.length > 0 ? names.join(", ") : "no function"}`;
}

function functionNames(module: Record<string, unknown>): string[] {
  return Object.keys(module).filter((key) => typeof module[key] === "function");
}

function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
