import "../support/leaks.ts";
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { type Comparison, type CompareOptions, compare } from "spool/compare";
import { EventLoopExecutor } from "spool/futures";
import { ArgumentError } from "../../src/core/index.ts";
import { counting, inputs, never, pause, sometimes, spin, whereAmI } from "../programs/compare/work.ts";

/** Small and quick: these tests are about what is measured, not about how long it takes. */
const QUICK: CompareOptions = { repetitions: 2, budget: 1, workers: [2] };

function rowsByName(found: Comparison): Map<string, Comparison["rows"][number]> {
  return new Map(found.rows.map((row) => [row.model.name, row]));
}

test("computing: every model is measured, agrees with the serial run, and its tasks are all accounted for", async () => {
  const found = await compare(spin, inputs, { ...QUICK, workers: [1, 2] });
  const rows = rowsByName(found);
  assert.deepEqual(
    [...rows.keys()],
    ["serial", "event loop x4", "threads x1", "threads x2", "processes x1", "processes x2"],
  );
  assert.equal(found.classification.class, "js-cpu");
  assert.equal(found.resultsEqual, true);
  assert.equal(found.repetitions, 2);
  for (const row of found.rows) {
    assert.equal(row.failed, 0);
    assert.ok(row.wall.min > 0 && row.wall.min <= row.wall.median && row.wall.median <= row.wall.max);
    assert.equal(row.timeline.length % found.measured, 0, "as many spans as tasks");
    for (const span of row.timeline) assert.ok(span.start >= 0 && span.end >= span.start);
    assert.ok(row.phases.compute > 0 && row.phases.send >= 0 && row.phases.receive >= 0);
  }
  for (const name of ["threads x2", "processes x2"]) {
    const row = rows.get(name)!;
    assert.ok(row.start! > 0);
    assert.ok(row.cpu! > 0 && row.workerLoop! > 0);
    assert.ok(row.timeline.every((span) => span.worker < 2));
  }
  assert.equal(rows.get("serial")!.start, null);
  assert.equal(found.crossings.length, 2);
});

test("waiting: the event loop is swept, and wins", async () => {
  const found = await compare(pause, inputs, QUICK);
  assert.equal(found.classification.class, "async-io");
  assert.equal(found.recommendation.model.kind, "event-loop");
  assert.ok(found.recommendation.speedup > 1.5, `${found.recommendation.speedup}`);
  assert.ok(found.rows.filter((row) => row.model.kind === "event-loop").length > 1);
});

test("a captured function is compared as well as an imported one", async () => {
  const base = 1000;
  const found = await compare((x: number) => spin(x) + base, inputs, { ...QUICK, name: "captured" });
  assert.deepEqual([found.name, found.unable, found.resultsEqual], ["captured", [], true]);
});

test("other results in a worker are found, named, and never recommended", async () => {
  const found = await compare(whereAmI, inputs, QUICK);
  assert.equal(found.resultsEqual, false);
  const rows = rowsByName(found);
  assert.equal(rows.get("threads x2")!.differsAt! % found.measured, 1);
  assert.equal(rows.get("processes x2")!.differsAt, null, "a process's main thread is a main thread");
  assert.ok(found.notes.some((note) => note.startsWith("threads x2 gives another result for input 1")));
  assert.notEqual(found.recommendation.model.kind, "threads");
});

test("a function that never gives the same twice is reported as such, not as a difference between models", async () => {
  const found = await compare(counting, inputs, QUICK);
  assert.equal(found.resultsEqual, null);
  assert.match(found.notes.join("\n"), /differ from run to run/);
});

test("failures of some inputs are counted, in every model alike", async () => {
  const found = await compare(sometimes, inputs, QUICK);
  const perPass = found.rows.map((row) => row.failed / row.timeline.length);
  for (const share of perPass) assert.ok(Math.abs(share - 1 / 6) < 1e-9, `${share}`);
  assert.equal(found.resultsEqual, true, "the same error is the same result");
});

test("a function that cannot be shipped is still compared on this thread, and the rest says why", async () => {
  const socket = new Socket();
  const stuck = (x: number): number => (socket.destroyed ? x : x + 1);
  const found = await compare(stuck, inputs, QUICK);
  const names = found.unable.map((u) => u.model.name);
  assert.deepEqual(names, ["threads x2", "processes x2"]);
  assert.match(found.unable[0]!.reason, /socket/);
  assert.ok(found.rows.every((row) => row.model.workers === 1));
});

test("further executors stand beside the local ones and stay open", async () => {
  const cluster = new EventLoopExecutor({ maxWorkers: 8 });
  const found = await compare(pause, inputs, { ...QUICK, executors: { cluster } });
  assert.equal(found.rows.at(-1)!.model.name, "cluster");
  assert.equal(await cluster.submit(() => 5), 5);
  await cluster.shutdown();
});

test("a broker puts the same work as Celery tasks beside the rest, and empties its queue", async () => {
  const reference = { url: new URL("../programs/compare/work.ts", import.meta.url).href, name: "spin" };
  const broker = "memory://";
  const found = await compare(spin, inputs, { ...QUICK, workers: [1], broker, reference });
  assert.deepEqual(found.unable, []);
  const row = found.rows.at(-1)!;
  assert.deepEqual([row.model.kind, row.failed, row.differsAt], ["celery", 0, null]);
  assert.equal(row.timeline.length % found.measured, 0, "as many spans as tasks");
  assert.equal(found.resultsEqual, true);

  const unnamed = await compare(spin, inputs, { ...QUICK, workers: [1], broker });
  assert.match(unnamed.unable[0]!.reason, /give `reference`/);
  await assert.rejects(compare(spin, inputs, { ...QUICK, broker: "here" }), /`broker` must be/);
});

test("a sample stands for many inputs, and the answer for a single run is for all of them", async () => {
  const many = Array.from({ length: 5_000 }, (_, i) => i);
  const found = await compare(pause, many, { ...QUICK, workers: [1] });
  assert.ok(found.measured < 1_000, `${found.measured}`);
  assert.equal(found.inputs, 5_000);
  assert.match(found.notes.join("\n"), /measured \d+ of 5000 inputs/);
  const row = rowsByName(found).get(found.recommendation.oneOff.model.name)!;
  assert.ok(found.recommendation.oneOff.total > row.wall.median * 2);
});

test("the whole answer survives JSON", async () => {
  const found = await compare(spin, inputs.slice(0, 4), { ...QUICK, workers: [1] });
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
});

test("a signal ends the comparison with its reason and leaves nothing running", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const onProgress: CompareOptions["onProgress"] = ({ model }) => {
    if (model.startsWith("threads")) controller.abort(reason);
  };
  await assert.rejects(compare(spin, inputs, { ...QUICK, signal: controller.signal, onProgress }), reason);
});

test("mistakes are told at the border", async () => {
  await assert.rejects(compare(spin, []), ArgumentError);
  await assert.rejects(
    compare(never, inputs),
    /failed on every input; the first error is TypeError: not at all/,
  );
  await assert.rejects(compare(spin, inputs, { repetitions: 0 }), /`repetitions` must be an integer from 1/);
  await assert.rejects(compare(spin, inputs, { budget: 0 }), /`budget` must be/);
});
