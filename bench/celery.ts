import { rmSync } from "node:fs";
import { ROUNDS, SQLITE_FILE } from "./celery/places.ts";
import { dismiss } from "./celery/processes.ts";
import { tables, type TableSpec } from "./celery/tables.ts";
import { printTable } from "./harness.ts";
import { machine } from "./support/machine.ts";
import { saveTable } from "./support/results.ts";
import type { Table } from "./support/table.ts";
import { evaluate } from "./support/targets.ts";

/**
 * No-op tasks beside Python's Celery and the queues of Node, on the same brokers, taking turns.
 *
 *   npm run bench celery                      every table
 *   npm run bench celery redis-stored sqlite  these; the others stay as they were
 *
 * BENCH_TASKS (10,000) and BENCH_ROUNDS (3) change how much. Python runs prefork with two processes; spool and BullMQ
 * run 50 at once in one process. Throughput is that of the drain: a queue is filled while nobody takes from it, then a
 * worker in a process of its own is told to, and the clock runs until the last result is there.
 */
const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? Object.keys(tables);
const unknown = wanted.filter((key) => !(key in tables));
if (unknown.length > 0)
  throw new Error(`no table ${unknown.join(", ")}; there are ${Object.keys(tables).join(", ")}`);
process.on("SIGTERM", () => process.exit(1));

for (const key of wanted) {
  const table = await measureTable(key, tables[key]!);
  // Workers of one table are gone before the next, so that idle ones do not take part.
  await dismiss();
  printTable(table, table.figures[0]!.name);
  saveTable("celery", table, Object.keys(tables));
}
for (const suffix of ["", "-wal", "-shm"]) rmSync(SQLITE_FILE + suffix, { force: true });
process.exit(0);

async function measureTable(key: string, { title, unit, better, ...spec }: TableSpec): Promise<Table> {
  const at = machine();
  const figures = await spec.figures();
  const targets = spec.targets.map((target) => evaluate({ title, figures, better }, target));
  return { key, title, unit, better, rounds: ROUNDS, machine: at, figures, targets };
}
