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

/** What to write instead of a blocking call such as `fs.readFileSync` or `Atomics.wait`. */
export function insteadOf(call: string): string {
  if (call === "Atomics.wait") return "await Atomics.waitAsync(...).value";
  const [module = "", name = ""] = call.split(".");
  const base = name.replace(/Sync$/, "");
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
