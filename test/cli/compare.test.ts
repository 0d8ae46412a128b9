import "../support/leaks.ts";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Comparison } from "spool/compare";
import { command } from "../../src/cli/commands/compare.ts";
import { ended, pressCtrlC, spool, startSpool } from "./spool.ts";

const program = join(import.meta.dirname, "../programs/compare/work.ts");
const QUICK = ["--repetitions", "2", "--budget", "1"];
const home = mkdtempSync(join(tmpdir(), "spool-compare-"));
after(() => rmSync(home, { recursive: true, force: true }));

test("a table with the class and the recommendation, and a page, from the module's own inputs", async () => {
  const page = join(home, "page.html");
  const expected = ["--html", page, "--expect", "event-loop"];
  const { code, stdout, stderr } = await spool(["compare", `${program}#pause`, ...QUICK, ...expected]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^pause: \d+ inputs, .* -> async I\/O-bound/);
  assert.match(stdout, /^> event loop x\d+/m);
  assert.match(stdout, /-> event loop x\d+ \(\d+\.\dx\)\./);
  assert.ok(!stdout.includes("\x1b"), "no colours into a pipe");
  assert.match(readFileSync(page, "utf8"), /<h2>pause/);
});

test("--json gives everything that was measured; --expect turns another answer into exit code 1", async () => {
  const args = ["compare", `${program}#pause`, "1", "2", "3", "4", "--json-inputs", "--json"];
  const sizes = ["--workers", "1,2", "--concurrency", "3"];
  const { code, stdout } = await spool([...args, ...sizes, ...QUICK, "--expect", "processes"]);
  assert.equal(code, 1);
  const found = JSON.parse(stdout) as Comparison;
  assert.deepEqual(
    found.rows.map((row) => row.model.name),
    ["serial", "event loop x3", "threads x1", "threads x2", "processes x1", "processes x2"],
  );
  assert.deepEqual([found.name, found.inputs, found.classification.class], ["pause", 4, "async-io"]);
});

test("--ci prints Markdown and fails when models give different results", async () => {
  const { code, stdout } = await spool(["compare", `${program}#whereAmI`, ...QUICK, "--ci"]);
  assert.equal(code, 1);
  assert.match(stdout, /^\| model \| wall \| range/m);
  assert.match(stdout, /gives another result for input 1/);
});

test("a function that fails on every input is told in one line", async () => {
  const { code, stdout, stderr } = await spool(["compare", `${program}#never`]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^spool compare: The function failed on every input; the first error is TypeError: not at all\n$/,
  );
});

test("Ctrl-C ends the comparison at once, without an answer", async () => {
  const child = startSpool(["compare", `${program}#pause`, "--budget", "600", "--repetitions", "1000"]);
  const end = ended(child);
  const ready = new Promise<void>((resolve) => {
    // The handler of the signal is in place once the workers' processes are: this one has children.
    const poll = (): void => {
      const tasks = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
      if (tasks.trim() === "") setImmediate(poll);
      else resolve();
    };
    poll();
  });
  await ready;
  pressCtrlC(child);
  const { code, stdout, stderr } = await end;
  assert.equal(code, 130, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /interrupted/);
});

const MISTAKES: readonly (readonly [string[], RegExp])[] = [
  [[], /which function\?/],
  [[`${program}#spin`, "--workers", "1,x"], /--workers takes a whole number of at least 1, got "x"/],
  [[`${program}#spin`, "--broker", "here"], /--broker takes a URL/],
  [[program, "--expect", "magic"], /--expect takes one of serial, event-loop, threads/],
  [[`${program}#inputs`], /"inputs" of .* is not a function/],
  [[`${program}#spin`, "--repetitions", "0"], /--repetitions takes a whole number of at least 1/],
];

for (const [args, message] of MISTAKES) {
  test(`a mistake is told before anything runs: ${message.source}`, async () => {
    await assert.rejects(command.run(args), { code: "USAGE", message });
  });
}
