import child_process from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import zlib from "node:zlib";

/** Modules whose `...Sync` functions block the event loop, as their mutable default exports. */
export const BLOCKING_MODULES: Readonly<Record<string, Record<string, unknown>>> = {
  fs: fs as never,
  child_process: child_process as never,
  crypto: crypto as never,
  zlib: zlib as never,
};

/** An object whose methods block, such as a prototype, and which of them do. */
export interface BlockingHolder {
  readonly holder: Record<string, unknown>;
  readonly names: readonly string[];
}

/** Blocking methods by the module and class they belong to; `sqlite` is there from Node 24 on, where loading it is silent. */
export function blockingHolders(): Record<string, BlockingHolder> {
  const holders: Record<string, BlockingHolder> = {
    Atomics: { holder: Atomics as never, names: ["wait"] },
    "fs.Dir": { holder: fs.Dir.prototype as never, names: ["readSync", "closeSync"] },
  };
  if (Number.parseInt(process.versions.node) < 24) return holders;
  const { DatabaseSync, StatementSync } = process.getBuiltinModule("node:sqlite");
  return {
    ...holders,
    "sqlite.DatabaseSync": { holder: DatabaseSync.prototype as never, names: ["exec", "applyChangeset"] },
    "sqlite.StatementSync": { holder: StatementSync.prototype as never, names: ["run", "get", "all"] },
  };
}

/** What to write instead of a blocking call such as `fs.readFileSync` or `Atomics.wait`. */
export function insteadOf(call: string): string {
  if (call === "Atomics.wait") return "await Atomics.waitAsync(...).value";
  const [module = "", name = ""] = call.split(".");
  const base = name.replace(/Sync$/, "");
  if (module === "sqlite") return "toThread() with a function that opens the database there";
  if (call.startsWith("fs.Dir.")) return `await dir.${call.slice("fs.Dir.".length, -"Sync".length)}()`;
  if (module === "fs") {
    if (name === "existsSync") return "await fs.promises.access(...)";
    return base in fs.promises ? `await fs.promises.${base}(...)` : `await promisify(fs.${base})(...)`;
  }
  if (module === "child_process") {
    return name === "execSync"
      ? "createSubprocessShell(...) of spool/asyncio"
      : "createSubprocessExec(...) of spool/asyncio";
  }
  if (base in (BLOCKING_MODULES[module] ?? {})) return `await promisify(${module}.${base})(...)`;
  return `await toThread(() => ${call}(...))`;
}

/** Names of the blocking functions of a module of {@link BLOCKING_MODULES}. */
export function blockingNames(module: string): string[] {
  const exports = BLOCKING_MODULES[module] ?? {};
  return Object.keys(exports).filter((name) => name.endsWith("Sync") && typeof exports[name] === "function");
}

/**
 * Calls whose result nobody needs at once, and which may therefore be carried out in the background, in their order.
 */
export const OFFLOADABLE: ReadonlySet<string> = new Set([
  "fs.appendFileSync",
  "fs.chmodSync",
  "fs.copyFileSync",
  "fs.renameSync",
  "fs.rmSync",
  "fs.rmdirSync",
  "fs.unlinkSync",
  "fs.utimesSync",
  "fs.writeFileSync",
]);
