import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "./run.ts";
import { type FileResult, runTestFile } from "./test-file.ts";

/**
 * `npm test`: the static checks, then every test file, each in a process of its own with a deadline. Arguments
 * narrow it to files whose path contains one of them (and leave the static checks out). A file that failed is run
 * once more, alone: what passes then is named as unstable in the closing lines, what fails again fails the run.
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

/** More than two at once gains little: most tests start threads and processes of their own. */
const CONCURRENCY = Math.min(2, availableParallelism());
const started = performance.now();
const scratch = mkdtempSync(join(tmpdir(), "spool-test-"));

async function runAll(paths: readonly string[], concurrency: number): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const queue = [...paths];
  const lane = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runTestFile(file, join(scratch, `${results.length}-${basename(file)}.json`));
      results.push(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return results;
}

function report(result: FileResult): void {
  const counts = `${result.passed} passed${result.failed > 0 ? `, ${result.failed} failed` : ""}`;
  console.log(`${result.ok ? "ok  " : "FAIL"} ${result.file}  (${counts}, ${result.seconds.toFixed(1)} s)`);
  if (!result.ok) console.log(readFileSync(result.log, "utf8"));
}

const first = await runAll(files, CONCURRENCY);
const broken = first.filter((result) => !result.ok).map((result) => result.file);
let second: FileResult[] = [];
if (broken.length > 0) {
  console.log(`\nonce more, alone: ${broken.join(", ")}`);
  second = await runAll(broken, 1);
}
rmSync(scratch, { recursive: true, force: true });

const final = first.map((result) => second.find((again) => again.file === result.file) ?? result);
const failed = final.filter((result) => !result.ok);
const unstable = broken.filter((file) => !failed.some((result) => result.file === file));
const slowest = first.toSorted((a, b) => b.seconds - a.seconds).slice(0, 5);
console.log(`\nslowest: ${slowest.map((r) => `${r.file} ${r.seconds.toFixed(0)} s`).join(", ")}`);
if (unstable.length > 0) console.log(`UNSTABLE (failed, then passed): ${unstable.join(", ")}`);
if (failed.length > 0) console.log(`FAILED: ${failed.map((result) => result.file).join(", ")}`);
console.log(`${files.length} files in ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
const sum = (pick: (result: FileResult) => number): number =>
  final.reduce((total, result) => total + pick(result), 0);
// A file that ends without a failing test (a crash, a hang) still counts as one failure.
const failures = sum((result) => (result.ok ? 0 : Math.max(1, result.failed)));
console.log(`${sum((result) => result.passed)} passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
