import child_process from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import v8 from "node:v8";
import zlib from "node:zlib";

/** Modules whose `...Sync` functions block the event loop, as their mutable default exports. */
export const BLOCKING_MODULES: Readonly<Record<string, Record<string, unknown>>> = {
  fs: fs as never,
  child_process: child_process as never,
  crypto: crypto as never,
  zlib: zlib as never,
};

/** An object some of whose functions block without a name that ends in `Sync`, and which of them do. */
export interface BlockingHolder {
  readonly holder: Record<string, unknown>;
  readonly names: readonly string[];
}

/** Such objects, by the name that a report gives them. */
export function blockingHolders(): Record<string, BlockingHolder> {
  const holders: Record<string, BlockingHolder> = {
    Atomics: { holder: Atomics as never, names: ["wait"] },
    crypto: {
      holder: crypto as never,
      names: Object.keys(BLOCKS).map((call) => call.slice("crypto.".length)),
    },
    "fs.Dir": { holder: fs.Dir.prototype as never, names: ["readSync", "closeSync"] },
    process: { holder: process as never, names: ["loadEnvFile"] },
    "process.report": { holder: process.report as never, names: ["getReport", "writeReport"] },
    v8: { holder: v8 as never, names: ["getHeapSnapshot", "writeHeapSnapshot"] },
  };
  return isSqliteFree() ? { ...holders, ...sqliteHolders() } : holders;
}

/** Before Node 24, loading `node:sqlite` says that it is experimental, so it is guarded only where it is in use. */
function isSqliteFree(): boolean {
  const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] };
  return Number.parseInt(process.versions.node) >= 24 || moduleLoadList.includes("NativeModule sqlite");
}

function sqliteHolders(): Record<string, BlockingHolder> {
  const { DatabaseSync, StatementSync, Session } = process.getBuiltinModule(
    "node:sqlite",
  ) as unknown as Record<string, { readonly prototype: Record<string, unknown> } | undefined>;
  const holders: Record<string, BlockingHolder> = {
    "sqlite.DatabaseSync": {
      holder: DatabaseSync!.prototype,
      names: ["open", "exec", "applyChangeset", "loadExtension", "serialize", "deserialize"],
    },
    "sqlite.StatementSync": { holder: StatementSync!.prototype, names: ["run", "get", "all", "iterate"] },
  };
  if (Session === undefined) return holders;
  return { ...holders, "sqlite.Session": { holder: Session.prototype, names: ["changeset", "patchset"] } };
}

/** Bytes of randomness that take less time than a report of them. */
const FEW_BYTES = 65_536;
const withoutCallback = (args: readonly unknown[]): boolean => typeof args.at(-1) !== "function";
const BLOCKS: Readonly<Record<string, (args: readonly unknown[]) => boolean>> = {
  "crypto.createDiffieHellman": ([primeLength]) => typeof primeLength === "number",
  "crypto.decapsulate": withoutCallback,
  "crypto.diffieHellman": withoutCallback,
  "crypto.encapsulate": withoutCallback,
  "crypto.randomBytes": (args) => withoutCallback(args) && (args[0] as number) > FEW_BYTES,
  "crypto.randomFillSync": ([buffer]) => (buffer as ArrayBufferView).byteLength > FEW_BYTES,
  "crypto.sign": withoutCallback,
  "crypto.verify": withoutCallback,
};

/** Whether a call with these arguments blocks: some do so only without a callback, or for much data. */
export function blocksWith(call: string): ((args: readonly unknown[]) => boolean) | undefined {
  return BLOCKS[call];
}

/** What to write instead of a blocking call such as `fs.readFileSync` or `Atomics.wait`. */
export function insteadOf(call: string): string {
  const special = SPECIAL[call];
  if (special !== undefined) return special;
  const [module = "", name = ""] = call.split(".");
  const base = name.replace(/Sync$/, "");
  if (module === "sqlite") return "toThread() with a function that opens the database there";
  if (call.startsWith("fs.Dir.")) return `await dir.${call.slice("fs.Dir.".length, -"Sync".length)}()`;
  if (module === "v8" || module === "process")
    return "a moment when nothing waits: there is no other way to it";
  if (module === "fs") {
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

const SPECIAL: Readonly<Record<string, string>> = {
  "Atomics.wait": "await Atomics.waitAsync(...).value",
  "crypto.createDiffieHellman": "await toThread(...) with a function that makes the prime there",
  "fs.existsSync": "await fs.promises.access(...)",
  "process.loadEnvFile": "util.parseEnv(await fs.promises.readFile(...))",
};

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
