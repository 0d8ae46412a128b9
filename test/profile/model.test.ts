import "../support/leaks.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Frame, FrameTable, functionTable, mergeProfiles, type Profile } from "spool/profile";
import { FunctionRanges } from "../../src/profile/model/function-ranges.ts";
import { SourceMaps } from "../../src/profile/model/source-maps.ts";
import { samplesOf } from "../../src/profile/model/v8-profile.ts";

const SOURCE = `function hot() {
  return 1;
}
function cold() {
  return 2;
}
function unit() {
  hot(); cold();
  hot();
}
`;
const url = "file:///srv/app.js";
const coverage = ["hot", "cold", "unit"].map((functionName) => {
  const startOffset = SOURCE.indexOf(`function ${functionName}`);
  return { functionName, ranges: [{ startOffset, endOffset: SOURCE.indexOf("\n}", startOffset) + 2 }] };
});
const ranges = new FunctionRanges([{ url, functions: coverage }], () => SOURCE);
const thread = { pid: 1, process: "app.js", thread: 0, name: "main" };

function profileOf(ticks: { line: number; ticks: number }[]): Parameters<typeof samplesOf>[0] {
  const total = ticks.reduce((sum, t) => sum + t.ticks, 0);
  const call = (functionName: string, at: string, lineNumber: number, columnNumber: number): object => ({
    callFrame: { functionName, url: at, lineNumber, columnNumber },
  });
  return {
    nodes: [
      { id: 1, ...call("(root)", "", -1, -1), children: [2] },
      { id: 2, ...call("unit", url, 6, 13), positionTicks: ticks },
    ] as never,
    startTime: 0,
    endTime: total * 1000,
    samples: Array.from({ length: total }, () => 2),
    timeDeltas: Array.from({ length: total }, () => 1000),
  };
}

function owns(ticks: { line: number; ticks: number }[]): Record<string, number> {
  const samples = samplesOf(profileOf(ticks), { thread, frames: new FrameTable(), origin: 0, ranges });
  return Object.fromEntries(
    functionTable(samples).map((row) => [row.frame.name, Math.round(row.own * 1000)]),
  );
}

const CASES: [string, { line: number; ticks: number }[], Record<string, number>][] = [
  [
    "lines of other functions are theirs",
    [
      { line: 2, ticks: 75 },
      { line: 5, ticks: 25 },
    ],
    { hot: 75, cold: 25, unit: 0 },
  ],
  ["a line that only calls is the callee's", [{ line: 9, ticks: 40 }], { hot: 40, unit: 0 }],
  ["a line with more on it stays where it is", [{ line: 8, ticks: 10 }], { unit: 10 }],
  ["its own first line is its own", [{ line: 7, ticks: 3 }], { unit: 3 }],
];
for (const [title, ticks, expected] of CASES) {
  test(`inlined functions: ${title}`, () => assert.deepEqual(owns(ticks), expected));
}

test("without ranges a profile is taken at its word", () => {
  const samples = samplesOf(profileOf([{ line: 2, ticks: 4 }]), {
    thread,
    frames: new FrameTable(),
    origin: 0,
  });
  assert.deepEqual([...new Set(samples.map((s) => s.stack.at(-1)!.name))], ["unit"]);
});

test("times count from the origin and weights add up to the profile's length", () => {
  const samples = samplesOf(profileOf([{ line: 9, ticks: 10 }]), {
    thread,
    frames: new FrameTable(),
    origin: -5000,
  });
  assert.equal(samples[0]!.time, 0.005);
  assert.ok(Math.abs(samples.reduce((sum, s) => sum + s.weight, 0) - 0.01) < 1e-9);
});

test("a gap belongs to the sample at its end, where the thread still was when it got its processor again", () => {
  const given = profileOf([]);
  const samples = samplesOf({ ...given, timeDeltas: [1000, 7000, 1000], samples: [2, 2, 2] } as never, {
    thread,
    frames: new FrameTable(),
    origin: 0,
  });
  assert.deepEqual(
    samples.map(({ time, weight }) => [time, weight]),
    [
      [0, 0.001],
      [0.001, 0.007],
      [0.008, 0.001],
    ],
  );
});

test("frames of built TypeScript are shown where they were written", () => {
  const directory = mkdtempSync(join(tmpdir(), "spool-test-"));
  try {
    // One mapping: line 1 column 0 of the output is line 3 column 2 of ../src/app.ts.
    const map = { version: 3, sources: ["../src/app.ts"], names: [], mappings: "AAEE" };
    writeFileSync(join(directory, "app.js"), "function hot() {}\n//# sourceMappingURL=app.js.map\n");
    writeFileSync(join(directory, "app.js.map"), JSON.stringify(map));
    const frames = new FrameTable();
    const built: Frame = {
      name: "hot",
      url: pathToFileURL(join(directory, "app.js")).href,
      line: 1,
      column: 14,
      kind: "js",
    };
    const mapped = new SourceMaps(frames).map(built);
    assert.equal(mapped.url, pathToFileURL(join(directory, "../src/app.ts")).href);
    assert.deepEqual([mapped.line, mapped.column], [3, 3]);
    const plain: Frame = { ...built, url: "file:///nowhere/x.js" };
    assert.equal(new SourceMaps(frames).map(plain).url, plain.url);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("merged profiles share one clock and one table of frames", () => {
  const one = (pid: number, startedAt: number): Profile => {
    const ref = { ...thread, pid };
    const frame: Frame = { name: "hot", url, line: 1, column: 14, kind: "js" };
    return {
      engine: "inspector",
      startedAt,
      duration: 1,
      interval: 0.01,
      threads: [ref],
      samples: [{ thread: ref, stack: [frame], time: 0.5, weight: 0.01 }],
      notes: ["same"],
    };
  };
  const merged = mergeProfiles([one(1, 10_000), one(2, 12_000)]);
  assert.deepEqual(
    merged.samples.map((s) => s.time),
    [0.5, 2.5],
  );
  assert.equal(merged.duration, 3);
  assert.equal(functionTable(merged.samples).length, 1);
  assert.deepEqual(merged.notes, ["same"]);
});
