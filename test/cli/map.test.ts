import "../support/leaks.ts";
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ended, pressCtrlC, records, spool, startSpool } from "./spool.ts";

const odd = join(import.meta.dirname, "../programs/map/odd.ts");
const home = mkdtempSync(join(tmpdir(), "spool-map-"));
after(() => rmSync(home, { recursive: true, force: true }));

for (const model of [["--threads", "2"], ["--processes", "1"], ["--async", "3"], []]) {
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

test("--ordered gives the inputs' order where the natural order would be another", async () => {
  const args = ["map", `${odd}#slowThenFast`, "--stdin", "--json-inputs", "--async", "8"];
  const input = Array.from({ length: 40 }, (_, i) => i).join("\n");
  const natural = await spool(args, { input });
  assert.notEqual(records(natural.stdout)[0]!.index, 0, "the slow first input comes late");
  const ordered = await spool([...args, "--ordered"], { input });
  assert.deepEqual(
    records(ordered.stdout).map((r) => r.index),
    Array.from({ length: 40 }, (_, i) => i),
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

test("--retries tries again what threw, and says how often it tried", async () => {
  const lucky = `${odd}#thirdTimeLucky`;
  const enough = await spool(["map", lucky, "a", "--retries", "2", "--threads", "1"]);
  assert.equal(enough.code, 0, enough.stderr);
  assert.equal(records(enough.stdout)[0]!["result"], 3);
  const tooFew = await spool(["map", lucky, "a", "--retries", "1", "--threads", "1"]);
  assert.equal(tooFew.code, 1);
  assert.deepEqual([records(tooFew.stdout)[0]!["attempts"], records(tooFew.stdout).length], [2, 1]);
});

test("values that JSON lacks are written in the plainest form, what has none is a failure of that input", async () => {
  const unusual = await spool(["map", `${odd}#unusual`, "x"]);
  assert.deepEqual(records(unusual.stdout)[0]!["result"], {
    x: "x",
    big: "1180591620717411303424",
    seen: [1, 2],
    by: [["a", 1]],
  });
  assert.equal(records((await spool(["map", `${odd}#nothing`, "x"])).stdout)[0]!["result"], null);
  const circular = await spool(["map", `${odd}#circular`, "x"]);
  assert.equal(circular.code, 1);
  assert.match(records(circular.stdout)[0]!["error"].message, /cannot be written as JSON/);
});

test("the same input twice is two inputs, also when resuming", async () => {
  const out = join(home, "twice.ndjson");
  await spool(["map", `${odd}#double`, "5", "--json-inputs", "--out", out]);
  const { code } = await spool(["map", `${odd}#double`, "5", "5", "--json-inputs", "--out", out, "--resume"]);
  assert.equal(code, 0);
  assert.deepEqual(
    records(readFileSync(out, "utf8")).map((r) => r["result"]),
    [10, 10],
  );
});

test("a line that a crash cut off is taken away and its input run again", async () => {
  const out = join(home, "torn.ndjson");
  await spool(["map", `${odd}#double`, "1", "2", "--json-inputs", "--out", out]);
  appendFileSync(out, '{"index":2,"input":3,"ok":tr');
  const { code } = await spool([
    "map",
    `${odd}#double`,
    "1",
    "2",
    "3",
    "--json-inputs",
    "--out",
    out,
    "--resume",
  ]);
  assert.equal(code, 0);
  assert.deepEqual(
    records(readFileSync(out, "utf8"))
      .map((r) => r.input)
      .sort(),
    [1, 2, 3],
  );
});

test("--resume refuses a file that is not its own, and leaves it as it was", async () => {
  const out = join(home, "letter.txt");
  writeFileSync(out, "Dear reader,\nthis is no NDJSON.\n");
  const { code, stderr } = await spool(["map", `${odd}#double`, "1", "--out", out, "--resume"]);
  assert.equal(code, 2);
  assert.match(stderr, /letter\.txt:1 is not a line that `spool map` wrote/);
  assert.equal(readFileSync(out, "utf8"), "Dear reader,\nthis is no NDJSON.\n");
});

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
    input: Array.from({ length: 200_000 }, (_, i) => i).join("\n"),
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
  [["map"], /which function\? Give FILE or FILE#export/],
  [["map", odd, "1"], /exports several functions: choose one with .*#double/],
  [["map", `${odd}#dubble`, "1"], /has no export "dubble"; it exports .*double/],
  [["map", `${odd}#notAFunction`, "1"], /"notAFunction" of .* is not a function/],
  [["map", "nowhere.ts", "1"], /there is no file nowhere\.ts/],
  [["map", `${odd}#double`], /there are no inputs: name them after FILE, or pipe them in with --stdin/],
  [["map", `${odd}#double`, "1", "--stdin"], /not both/],
  [["map", `${odd}#double`, "{", "--json-inputs"], /input 1 is not JSON: \{/],
  [
    ["map", `${odd}#double`, "1", "--threads", "2", "--async", "2"],
    /--threads and --async exclude each other/,
  ],
  [
    ["map", `${odd}#double`, "1", "--threads", "none"],
    /--threads takes a whole number of at least 1, got "none"/,
  ],
  [
    ["map", `${odd}#double`, "1", "--resume"],
    /--resume goes on with an earlier output: name it with --out FILE/,
  ],
  [["map", `${odd}#double`, "1", "--orderd"], /there is no option --orderd; did you mean --ordered\?/],
];

test("mistakes end with exit code 2 and a line that says what to type instead", async () => {
  const ends = await Promise.all(MISTAKES.map(([args]) => spool(args)));
  ends.forEach((end, i) => {
    assert.equal(end.code, 2, `${MISTAKES[i]![0].join(" ")}: ${end.stderr}`);
    assert.match(end.stderr, MISTAKES[i]![1]);
    assert.equal(end.stdout, "");
  });
});
