import "../support/leaks.ts";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readPrevious } from "../../src/cli/map/previous.ts";
import { type MapRecord, failedRecord, toLine } from "../../src/cli/map/record.ts";
import { circular, unusual } from "../programs/map/odd.ts";

const home = mkdtempSync(join(tmpdir(), "spool-output-"));
after(() => rmSync(home, { recursive: true, force: true }));

function succeeded(input: unknown, result: unknown = null): MapRecord {
  return { index: 0, input, ok: true, result, seconds: 0 };
}

function fileWith(name: string, text: string): string {
  const path = join(home, name);
  writeFileSync(path, text);
  return path;
}

test("values that JSON lacks are written in the plainest form", () => {
  const written = (result: unknown): unknown =>
    (JSON.parse(toLine(succeeded("x", result)).line) as { result: unknown }).result;
  assert.deepEqual(written(unusual("x")), {
    x: "x",
    big: "1180591620717411303424",
    seen: [1, 2],
    by: [["a", 1]],
  });
  assert.equal(written(undefined), null);
});

test("a result that has no JSON turns the record into a failure of that input", () => {
  const { line, record } = toLine(succeeded("x", circular()));
  assert.equal(record.ok, false);
  assert.match(
    (JSON.parse(line) as { error: { message: string } }).error.message,
    /cannot be written as JSON/,
  );
});

test("the same input twice is two inputs: each line answers for one", async () => {
  const previous = await readPrevious(fileWith("twice.ndjson", `${toLine(succeeded("a")).line}\n`), false);
  assert.deepEqual([previous.take("a"), previous.take("a"), previous.take("b")], [true, false, false]);
});

test("failures count as done, unless they are to be tried again", async () => {
  const failure = toLine(failedRecord(0, "a", new RangeError("no"), 1)).line;
  const file = fileWith("failed.ndjson", `${failure}\n`);
  const kept = await readPrevious(file, false);
  assert.deepEqual([kept.take("a"), kept.failures.length, kept.held], [true, 1, 1]);
  const again = await readPrevious(file, true);
  assert.deepEqual([again.take("a"), again.failures.length, again.held], [false, 0, 0]);
});

test("a line that a crash cut off is taken away, and its input is not done", async () => {
  const whole = `${toLine(succeeded("ä")).line}\n`;
  const file = fileWith("torn.ndjson", `${whole}{"index":1,"input":"b","ok":tr`);
  const previous = await readPrevious(file, false);
  assert.deepEqual([previous.take("ä"), previous.take("b")], [true, false]);
  assert.equal(readFileSync(file, "utf8"), whole);
});

test("a file that is none of its own is refused and left as it was", async () => {
  const letter = "Dear reader,\nthis is no NDJSON.\n";
  const file = fileWith("letter.txt", letter);
  await assert.rejects(readPrevious(file, false), /letter\.txt:1 is not a line that `spool map` wrote/);
  assert.equal(readFileSync(file, "utf8"), letter);
});

test("an output that is not there yet holds nothing", async () => {
  assert.equal((await readPrevious(join(home, "new.ndjson"), false)).held, 0);
});
