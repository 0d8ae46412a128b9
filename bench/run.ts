import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "../scripts/run.ts";

/**
 * `npm run bench [name ...]`: every benchmark of this folder (or the named ones), one after the other, each in a
 * process of its own. `npm run bench:install` brings the peers first.
 */
const SUPPORT = new Set([
  "asyncio-rows.ts",
  "bare.ts",
  "harness.ts",
  "pools.ts",
  "python.ts",
  "run.ts",
  "tables.ts",
]);
const wanted = process.argv.slice(2);
const files = globSync(join(import.meta.dirname, "*.ts"))
  .filter((file) => !SUPPORT.has(basename(file)))
  .filter((file) => wanted.length === 0 || wanted.includes(basename(file, ".ts")))
  .sort();
let failed = 0;
for (const file of files) {
  console.log(`\n##### ${basename(file)}`);
  const code = await run(process.execPath, ["--conditions=spool-source", "--expose-gc", file]);
  if (code !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
