import "../support/leaks.ts";
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { command } from "../../src/cli/commands/map.ts";
import { ended, pressCtrlC, records, spool, startSpool } from "./spool.ts";

const odd = join(import.meta.dirname, "../programs/map/odd.ts");

for (const model of [["--processes", "1"], ["--async", "3"], []]) {
  test(`results as NDJSON with ${model.join(" ") || "the default model"}`, async () => {
    const { code, stdout } = await spool(["map", `${odd}#double`, "1", "2", "3", "--json-inputs", ...model]);
    assert.equal(code, 0);
    const found = records(stdout).sort((a, b) => a.index - b.index);
    assert.deepEqual(
      found.map(({ seconds, ...rest }) => (assert.ok(seconds >= 0), rest)),
      [1, 2, 3].map((x, index) => ({ index, input: x, ok: true, result: 2 * x })),
    );
  });
}

test("--ordered gives the inputs' order although the first input is the slowest", async () => {
  const args = ["map", `${odd}#slowThenFast`, "--stdin", "--json-inputs", "--async", "8", "--ordered"];
  const all = Array.from({ length: 40 }, (_, i) => i);
  const { stdout } = await spool(args, { input: all.join("\n") });
  assert.deepEqual(
    records(stdout).map((r) => r.index),
    all,
  );
});

test("--timeout stops a busy loop, and only that input fails", async () => {
  const { code, stdout, stderr } = await spool([
    "map",
    `${odd}#forever`,
    "x",
    "--timeout",
    "0.3",
    "--threads",
    "1",
  ]);
  assert.equal(code, 1);
  assert.equal(records(stdout)[0]!["error"].code, "TIMEOUT");
  assert.match(stderr, /1 failed:\n {2}x: TimeoutError: /);
});

for (const [retries, code] of [
  [2, 0],
  [1, 1],
] as const) {
  test(`what succeeds the third time: exit code ${code} with --retries ${retries}`, async () => {
    const args = ["map", `${odd}#thirdTimeLucky`, "a", "--retries", String(retries), "--async", "1"];
    const end = await spool(args);
    assert.equal(end.code, code, end.stderr);
    const [record, ...more] = records(end.stdout);
    assert.deepEqual(
      [record!.ok, record!["attempts"], more.length],
      [code === 0, code === 0 ? undefined : 2, 0],
    );
  });
}

test("a second Ctrl-C stops what is running", async () => {
  const child = startSpool(["map", `${odd}#forever`, "a", "b", "--threads", "1"]);
  const end = ended(child);
  await said(child, "looping");
  pressCtrlC(child);
  await said(child, "finishing what is running");
  pressCtrlC(child);
  const { code, stdout, stderr } = await end;
  assert.equal(code, 130, stderr);
  assert.equal(stdout, "", "what was stopped has no record: a resume runs it again");
  assert.match(stderr, /spool map: stopped/);
});

test("a reader that has seen enough ends the run quietly", async () => {
  const child = startSpool(["map", `${odd}#double`, "--stdin", "--json-inputs", "--async", "4"], {
    input: Array.from({ length: 50_000 }, (_, i) => i).join("\n"),
  });
  child.stdout!.once("data", () => child.stdout!.destroy());
  const { code, stderr } = await ended(child);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /EPIPE|at .*\.ts:/);
});

function said(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve) => {
    child.stderr!.on("data", (text: string) => {
      if (text.includes(words)) resolve();
    });
  });
}

const MISTAKES: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /which function\? Give FILE or FILE#export/],
  [[odd, "1"], /exports several functions: choose one with .*#double/],
  [[`${odd}#dubble`, "1"], /has no export "dubble"; it exports .*double/],
  [[`${odd}#notAFunction`, "1"], /"notAFunction" of .* is not a function/],
  [["nowhere.ts", "1"], /there is no file nowhere\.ts/],
  [[`${odd}#double`], /there are no inputs: name them after FILE, or pipe them in with --stdin/],
  [[`${odd}#double`, "1", "--stdin"], /not both/],
  [[`${odd}#double`, "{", "--json-inputs"], /input 1 is not JSON: \{/],
  [[`${odd}#double`, "1", "--threads", "2", "--async", "2"], /--threads and --async exclude each other/],
  [[`${odd}#double`, "1", "--threads", "none"], /--threads takes a whole number of at least 1, got "none"/],
  [[`${odd}#double`, "1", "--resume"], /--resume goes on with an earlier output: name it with --out FILE/],
  [[`${odd}#double`, "1", "--orderd"], /there is no option --orderd; did you mean --ordered\?/],
];

for (const [args, message] of MISTAKES) {
  test(`a mistake is told before anything runs: spool map ${args.join(" ").replace(odd, "odd.ts")}`, async () => {
    await assert.rejects(command.run(args), { code: "USAGE", message });
  });
}
