import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

/**
 * `npm test`: the static checks, then every test file. Arguments narrow it to files whose path contains one of them
 * (and leave the static checks out). Files that failed are run once more, alone: what passes then is named as
 * unstable in the closing lines, what fails again fails the run.
 */
const wanted = process.argv.slice(2);
const files = globSync("test/**/*.test.ts")
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(", ")}`);
  process.exit(1);
}
if (wanted.length === 0 && (await run(process.execPath, ["scripts/check.ts"])) !== 0) process.exit(1);

interface Tally {
  readonly passed: number;
  readonly failures: number;
  readonly failed: string[];
}

const scratch = mkdtempSync(join(tmpdir(), "spool-test-"));

async function runFiles(paths: readonly string[], concurrency: number): Promise<Tally & { code: number }> {
  const tally = join(scratch, `tally-${concurrency}.json`);
  const code = await run(process.execPath, [
    "--conditions=spool-source",
    "--test",
    `--test-concurrency=${concurrency}`,
    "--test-timeout=180000",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./scripts/failed-files.ts",
    `--test-reporter-destination=${tally}`,
    ...paths,
  ]);
  return { ...(JSON.parse(readFileSync(tally, "utf8")) as Tally), code };
}

const first = await runFiles(files, 2);
let failures = first.failures;
let code = first.code;
if (code !== 0 && first.failed.length > 0) {
  console.log(`\n=== once more, alone: ${first.failed.join(", ")}`);
  const second = await runFiles(first.failed, 1);
  failures = second.failures;
  code = second.code;
  const unstable = first.failed.filter((file) => !second.failed.includes(file));
  if (unstable.length > 0) console.log(`\nUNSTABLE (failed, then passed): ${unstable.join(", ")}`);
}
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${first.passed} passed, ${failures} failed`);
process.exit(code);
