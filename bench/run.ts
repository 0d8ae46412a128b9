import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { run, step } from "../scripts/run.ts";

/**
 * `npm run bench [name ...] [table ...]`: every benchmark of this folder (or the named ones), one after the other,
 * each in a process of its own; what is no benchmark's name is a table of the one that is named (SPOOL_BENCH tells it).
 * `npm run bench:install` brings the peers first. At the end the documents that quote figures are brought up to date.
 */
const SUPPORT = new Set([
  "asyncio-rows.ts",
  "harness.ts",
  "lines.ts",
  "python.ts",
  "report.ts",
  "run.ts",
  "tables.ts",
]);
const all = globSync(join(import.meta.dirname, "*.ts"))
  .filter((file) => !SUPPORT.has(basename(file)))
  .sort();
const nameOf = (file: string): string => basename(file, ".ts");
const args = process.argv.slice(2);
const wanted = args.filter((arg) => all.some((file) => nameOf(file) === arg));
const tables = args.filter((arg) => !wanted.includes(arg));
const files = all.filter((file) => wanted.length === 0 || wanted.includes(nameOf(file)));
if (tables.length > 0 && wanted.length !== 1) {
  throw new Error(`no benchmark is called ${tables.join(", ")}; there are ${all.map(nameOf).join(", ")}`);
}
// Pools are measured as they are published.
await step("build", process.execPath, ["scripts/build.ts"]);
const environment = tables.length === 0 ? process.env : { ...process.env, SPOOL_BENCH: tables.join(",") };
let failed = 0;
for (const file of files) {
  console.log(`\n##### ${nameOf(file)}`);
  const code = await run(process.execPath, ["--conditions=spool-source", "--expose-gc", file], environment);
  if (code !== 0) failed++;
}
await step("documents", process.execPath, [join(import.meta.dirname, "report.ts")]);
process.exit(failed === 0 ? 0 : 1);
