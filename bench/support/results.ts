import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Machine, machine } from "./machine.ts";
import type { Table } from "./table.ts";

/** One file of bench/results: all tables of one benchmark, with every sample. */
export interface Results {
  /** Where the tables without a machine of their own come from. */
  readonly machine?: Machine;
  readonly tables: readonly Table[];
}

const RESULTS = join(import.meta.dirname, "..", "results");
const pathOf = (name: string): string => join(RESULTS, `${name}.json`);

/** What was measured earlier; nothing when the benchmark has never run. */
export function readResults(name: string): Results {
  try {
    return JSON.parse(readFileSync(pathOf(name), "utf8")) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { tables: [] };
    throw error;
  }
}

/** Writes a whole file at once; all tables were measured in one run. */
export function writeResults(
  name: string,
  tables: readonly Table[],
  extra: Record<string, unknown> = {},
): string {
  return write(name, { machine: machine(), ...extra, tables });
}

/** Puts one table in the place of its predecessor, so that a run that is cut short keeps what it has. */
export function saveTable(name: string, table: Table, order: readonly string[]): string {
  const key = keyOf(table);
  const place = (it: Table): number => order.indexOf(keyOf(it));
  const others = readResults(name).tables.filter((it) => keyOf(it) !== key && place(it) >= 0);
  return write(name, { tables: [...others, table].sort((a, b) => place(a) - place(b)) });
}

/** Puts tables that were measured just now in the place of their predecessors, and keeps the others as they are. */
export function saveTables(name: string, tables: readonly Table[]): string {
  const fresh = tables.map((table) => ({ ...table, machine: machine() }));
  const keys = new Set(fresh.map(keyOf));
  const others = readResults(name).tables.filter((table) => !keys.has(keyOf(table)));
  return write(name, { tables: [...others, ...fresh] });
}

/** By this name documents quote a table. */
export function keyOf({ key, title }: Pick<Table, "key" | "title">): string {
  return (
    key ??
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
  );
}

function write(name: string, results: object): string {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(pathOf(name), `${JSON.stringify(results, null, 2)}\n`);
  return pathOf(name);
}
