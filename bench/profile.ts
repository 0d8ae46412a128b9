import { printTable, type Table } from "./harness.ts";
import { latencyTable, pauseTable } from "./profile/answers.ts";
import { steadyTables } from "./profile/steady.ts";
import { wholeTable } from "./profile/whole.ts";
import { saveTables } from "./support/results.ts";

/**
 * What the profilers cost: `node -C spool-source bench/profile.ts [steady | whole | pause | latency]...`, all of them
 * without a name. Each takes two minutes at most and is written to bench/results/profile.json as soon as it is there.
 */
const TABLES: Readonly<Record<string, () => Promise<readonly Table[]>>> = {
  steady: steadyTables,
  whole: async () => [await wholeTable()],
  pause: async () => [await pauseTable()],
  latency: async () => [await latencyTable()],
};

const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in TABLES));
if (unknown.length > 0) throw new Error(`no table ${unknown.join(", ")}: ${Object.keys(TABLES).join(", ")}`);
for (const name of wanted.length > 0 ? wanted : Object.keys(TABLES)) {
  const tables = await TABLES[name]!();
  for (const table of tables) printTable(table, name === "whole" ? "alone" : undefined);
  console.log(saveTables("profile", tables));
}
