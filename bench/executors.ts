import { TABLES } from "./executors/index.ts";
import type { TableSpec } from "./executors/spec.ts";
import { printTable } from "./harness.ts";
import { busyCores, machine } from "./support/machine.ts";
import { saveTable } from "./support/results.ts";
import type { Table } from "./support/table.ts";
import { evaluate } from "./support/targets.ts";

/**
 * Dispatch: what one task costs, here and elsewhere. All pools have two workers and take turns.
 *
 *   npm run bench executors            every table
 *   npm run bench executors tiny map   these
 */
const rounds = Number(process.env["SPOOL_BENCH_ROUNDS"] ?? 5);
const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? TABLES.map((spec) => spec.key);
const unknown = wanted.filter((key) => !TABLES.some((spec) => spec.key === key));
if (unknown.length > 0) {
  throw new Error(`no table ${unknown.join(", ")}; there are ${TABLES.map((spec) => spec.key).join(", ")}`);
}
const began = performance.now();
for (const spec of TABLES) {
  if (!wanted.includes(spec.key)) continue;
  const started = performance.now();
  const table = await measureTable(spec);
  printTable(table);
  saveTable(
    "executors",
    table,
    TABLES.map(({ key }) => key),
  );
  console.log(`  (${((performance.now() - started) / 1000).toFixed(0)} s)`);
}
console.log(`\n${((performance.now() - began) / 1000).toFixed(0)} s in all`);
// Some pools never let go of their program.
process.exit(0);

async function measureTable({ key, title, unit, better, ...spec }: TableSpec): Promise<Table> {
  const before = await busyCores();
  const at = machine();
  const count = Math.min(rounds, spec.rounds ?? rounds);
  const figures = await spec.figures(count);
  const after = await busyCores();
  const busy = before === undefined || after === undefined ? {} : { busyCores: Math.max(before, after) };
  const targets = spec.targets.map((target) => evaluate({ title, figures, better }, target));
  return { key, title, unit, better, rounds: count, machine: { ...at, ...busy }, figures, targets };
}
