import "../support/leaks.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Profile as Pprof } from "pprof-format";
import {
  callTree,
  type Frame,
  fromFolded,
  type Profile,
  readTree,
  renderReport,
  type Sample,
  toFolded,
  toStallText,
} from "spool/profile";

const frame = (name: string, url = "file:///srv/app.js", line = 1): Frame => ({
  name,
  url,
  line,
  column: 1,
  kind: url === "" ? "native" : "js",
});
const [main, hot, cold] = [
  frame("main", undefined, 10),
  frame("hot", undefined, 20),
  frame("cold", undefined, 30),
];
const idle: Frame = { name: "(idle)", url: "", line: 0, column: 0, kind: "idle" };
const threads = [
  { pid: 7, process: "app.js", thread: 0, name: "main" },
  { pid: 7, process: "app.js", thread: 1, name: "w;1" },
];
const sample = (thread: number, time: number, ...stack: Frame[]): Sample => ({
  thread: threads[thread]!,
  stack,
  time,
  weight: 0.01,
});
const profile: Profile = {
  engine: "inspector",
  startedAt: Date.UTC(2030, 0, 1),
  duration: 0.04,
  interval: 0.01,
  threads,
  samples: [
    sample(0, 0, main, hot),
    sample(0, 0.01, main, hot),
    sample(0, 0.02, main, cold),
    sample(0, 0.03, idle),
    sample(1, 0, hot),
  ],
  notes: ["read me </script> & <b>"],
};

test("folded stacks: one line each, waiting left out, readable back", () => {
  const text = toFolded(callTree(profile));
  assert.equal(
    text,
    [
      "main thread;main (/srv/app.js:10);hot (/srv/app.js:20) 20000",
      "main thread;main (/srv/app.js:10);cold (/srv/app.js:30) 10000",
      'thread 1 "w:1";hot (/srv/app.js:20) 10000',
      "",
    ].join("\n"),
  );
  assert.equal(toFolded(fromFolded(text)), text);
});

test("speedscope: a timeline per thread over one table of frames", async () => {
  const file = JSON.parse((await renderReport(profile, "speedscope", { title: "t" })) as string) as {
    shared: { frames: { name: string }[] };
    profiles: { name: string; samples: number[][]; weights: number[]; endValue: number }[];
  };
  assert.deepEqual(
    file.shared.frames.map((f) => f.name),
    ["main", "hot", "cold"],
  );
  assert.deepEqual(file.profiles[0]!.samples, [
    [0, 1],
    [0, 1],
    [0, 2],
  ]);
  assert.equal(file.profiles[1]!.weights.length, 1);
});

test("cpuprofile: nodes, samples and time agree, and it reads back to the same tree", async () => {
  const text = (await renderReport(profile, "cpuprofile", { title: "t" })) as string;
  const file = JSON.parse(text) as {
    nodes: { id: number; hitCount: number }[];
    samples: number[];
    timeDeltas: number[];
    startTime: number;
    endTime: number;
  };
  assert.equal(file.samples.length, 5);
  assert.equal(
    file.nodes.reduce((sum, node) => sum + node.hitCount, 0),
    5,
  );
  assert.equal(file.endTime - file.startTime, 50_000);
  inFile(text, (path) => {
    assert.ok(Math.abs(readTree(path).root.total - 0.04) < 1e-6);
  });
});

test("chrometrace: a function is one bar for as long as it stays on the stack", async () => {
  const { traceEvents } = JSON.parse(
    (await renderReport(profile, "chrometrace", { title: "t" })) as string,
  ) as { traceEvents: { ph: string; name: string; tid: number; ts: number; dur: number }[] };
  const bars = traceEvents.filter((e) => e.ph === "X" && e.tid === 0);
  assert.deepEqual(
    bars.map((e) => [e.name, e.ts, e.dur]),
    [
      ["hot", 0, 20_000],
      ["cold", 20_000, 10_000],
      ["main", 0, 30_000],
    ],
  );
});

test("pprof: decodes to the same stacks and nanoseconds", async () => {
  const bytes = (await renderReport(profile, "pprof", { title: "t" })) as Uint8Array;
  const decoded = Pprof.decode(gunzipSync(bytes));
  const names = decoded.function.map((f) => decoded.stringTable.strings[Number(f.name)]);
  assert.ok(["main", "hot", "cold"].every((name) => names.includes(name)));
  assert.equal(
    decoded.sample.reduce((sum, s) => sum + Number(s.value[0]), 0),
    40_000_000,
  );
});

test("only the main threads, with --loop", async () => {
  const text = (await renderReport(profile, "raw", { title: "t", loop: true, idle: true })) as string;
  assert.doesNotMatch(text, /thread 1/);
  assert.match(text, /^\(idle\) 10000$/m);
});

test("what is no recording is refused by name", () => {
  inFile("hello", (path) =>
    assert.throws(() => readTree(path), { code: "PROFILER", message: /-f speedscope/ }),
  );
  inFile('{"a":1}', (path) => assert.throws(() => readTree(path), { code: "PROFILER" }));
});

test("a stall names when, how long and who", () => {
  const stall = { startedAt: 0, duration: 0.12, ongoing: false, stacks: [{ stack: [main, hot], share: 1 }] };
  assert.equal(
    toStallText(stall),
    [
      "00:00:00.000  the event loop was blocked for 120 ms",
      "  100 %  hot (/srv/app.js:20)",
      "         <- main (/srv/app.js:10)",
    ].join("\n"),
  );
});

function inFile(text: string, use: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "spool-test-"));
  try {
    const path = join(directory, "file");
    writeFileSync(path, text);
    use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
