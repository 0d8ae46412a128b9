import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tables } from "./celery/tables.ts";
import { dismiss } from "./celery/processes.ts";
import { printTable, writeResults, type Table } from "./harness.ts";
import { SQLITE_FILE } from "./celery/places.ts";

/**
 * No-op tasks beside Python's Celery and the queues of Node, on the same brokers, taking turns.
 *
 *   npm run bench celery                                  everything
 *   SPOOL_BENCH=redis-stored,sqlite npm run bench celery  some tables; the others stay as they were
 *
 * BENCH_TASKS (10,000) and BENCH_ROUNDS (3) change how much. Python runs prefork with two processes; spool and BullMQ
 * run 50 at once in one process. Throughput is that of the drain: a queue is filled while nobody takes from it, then a
 * worker in a process of its own is told to, and the clock runs until the last result is there.
 */
const RESULTS = join(import.meta.dirname, "results", "celery.json");
const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? Object.keys(tables);
for (const key of wanted) {
  if (!(key in tables))
    throw new Error(`There is no table ${key}; there are: ${Object.keys(tables).join(", ")}`);
}
process.on("SIGTERM", () => process.exit(1));

for (const key of wanted) {
  const measured = await tables[key]!();
  // Workers of one table are gone before the next, so that idle ones do not take part.
  await dismiss();
  for (const table of measured) printTable(table, table.figures[0]!.name);
  keep(measured);
}
for (const suffix of ["", "-wal", "-shm"]) rmSync(SQLITE_FILE + suffix, { force: true });
process.exit(0);

/** Written at once: what a later table costs nobody loses an earlier one. */
function keep(measured: readonly Table[]): void {
  const titles = measured.map((table) => table.title);
  const earlier = existsSync(RESULTS)
    ? (JSON.parse(readFileSync(RESULTS, "utf8")) as { tables: Table[] }).tables
    : [];
  writeResults("celery", [...earlier.filter((table) => !titles.includes(table.title)), ...measured]);
}
