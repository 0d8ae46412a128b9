import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Evidence, type Row, classify, decide } from "spool/compare";
import { row } from "./rows.ts";

const cpuBound = classify({ wall: 1, cpu: 1, loopActive: 1, runQueueWait: 0 });
const ioBound = classify({ wall: 1, cpu: 0.01, loopActive: 0.01, runQueueWait: 0 });
const blocking = classify({ wall: 1, cpu: 0.05, loopActive: 1, runQueueWait: 0 });
const native = classify({ wall: 1, cpu: 1, loopActive: 0.02, runQueueWait: 0 });

function evidence(rows: readonly Row[], extra: Partial<Evidence> = {}): Evidence {
  return {
    classification: cpuBound,
    rows,
    crossings: [],
    inputs: 100,
    measured: 100,
    taskTime: 0.01,
    cores: 4,
    ...extra,
  };
}

test("the clearly fastest model wins, with its class as the reason", () => {
  const io = [
    row("serial", 1),
    row("event-loop", 0.03, { concurrency: 32 }),
    row("threads", 0.26, { workers: 4 }),
  ];
  const found = decide(evidence(io, { classification: ioBound }));
  assert.equal(found.model.name, "event loop x32");
  assert.match(found.reason, /idle 99 %/);
  assert.ok(Math.abs(found.speedup - 1 / 0.03) < 1e-9);
});

test("within 5 % the simplest wins: threads before processes, few before many", () => {
  const rows = [
    row("serial", 1),
    row("processes", 0.26, { workers: 4 }),
    row("threads", 0.27, { workers: 4 }),
    row("threads", 0.268, { workers: 3 }),
    row("event-loop", 1, { concurrency: 4 }),
  ];
  assert.equal(decide(evidence(rows)).model.name, "threads x3");
});

test("more than 5 % is a difference: processes win when they are really faster", () => {
  const rows = [row("serial", 1), row("threads", 0.4, { workers: 4 }), row("processes", 0.3, { workers: 4 })];
  const found = decide(evidence(rows));
  assert.equal(found.model.name, "processes x4");
  assert.match(found.reason, /faster than threads/);
});

test("nothing gains: stay serial, and say what a crossing costs", () => {
  const rows = [
    row("serial", 1),
    row("event-loop", 1, { concurrency: 4 }),
    row("threads", 3, { workers: 4 }),
  ];
  const crossings = [{ kind: "threads" as const, perTask: 30e-6, breakEven: 1e-4, chunkSize: 60 }];
  const found = decide(evidence(rows, { taskTime: 10e-6, crossings }));
  assert.equal(found.model.name, "serial");
  assert.match(found.reason, /takes 10 µs and giving it to a worker costs 30 µs/);
});

test("start-up counts once: serial for a single run, threads for a pool that lives on", () => {
  const rows = [row("serial", 0.1), row("threads", 0.03, { workers: 4, start: 0.2 })];
  const found = decide(evidence(rows));
  assert.deepEqual([found.oneOff.model.name, found.warm.model.name], ["serial", "threads x4"]);
  assert.equal(found.oneOff.total, 0.1);
});

test("the answer for a single run is scaled from the sample to all inputs", () => {
  const rows = [row("serial", 0.1), row("threads", 0.03, { workers: 4, start: 0.2 })];
  const found = decide(evidence(rows, { inputs: 1000, measured: 100 }));
  assert.equal(found.oneOff.model.name, "threads x4");
  assert.ok(Math.abs(found.oneOff.total - (0.2 + 0.3)) < 1e-9);
});

test("a model with other results, or with failures of its own, is not recommended however fast it is", () => {
  const rows = [
    row("serial", 1),
    row("processes", 0.1, { workers: 4, differsAt: 3 }),
    row("threads", 0.1, { workers: 4, failed: 2 }),
    row("threads", 0.5, { workers: 2 }),
  ];
  assert.equal(decide(evidence(rows)).model.name, "threads x2");
});

test("a quiet machine gives high confidence and no doubts", () => {
  const found = decide(evidence([row("serial", 1), row("threads", 0.26, { workers: 4 })]));
  assert.deepEqual([found.confidence, found.doubts], ["high", []]);
});

test("waits for a core above 5 % lower the confidence, with the figure and the row", () => {
  const rows = [row("serial", 1, { runQueueWait: 0.18 }), row("threads", 0.5, { workers: 4 })];
  const found = decide(evidence(rows));
  assert.equal(found.confidence, "low");
  assert.match(found.doubts[0]!, /^serial: waited for a core 18 % of the time \(limit 5 %\)/);
});

test("on a crowded machine models are ranked by their times without the waits, and the report says so", () => {
  const rows = [
    row("serial", 1, { runQueueWait: 0.5 }),
    row("event-loop", 0.97, { concurrency: 4, runQueueWait: 0.49 }),
    row("threads", 1.02, { workers: 4, runQueueWait: 0.85 }),
  ];
  const found = decide(evidence(rows));
  assert.deepEqual([found.model.name, found.confidence], ["threads x4", "low"]);
  assert.match(found.doubts.join("\n"), /without the waits for a core/);
  const quiet = rows.map((r) => ({ ...r, runQueueWait: 0 }));
  assert.equal(decide(evidence(quiet)).model.name, "serial");
});

test("a quiet serial run does not hide that the parallel runs found the cores taken", () => {
  const rows = [
    row("serial", 0.246, { cpu: 0.247, runQueueWait: 0.01 }),
    row("threads", 0.299, { workers: 2, cpu: 0.31, runQueueWait: 0.51 }),
  ];
  const found = decide(evidence(rows, { cores: 2 }));
  assert.deepEqual([found.model.name, found.confidence], ["threads x2", "low"]);
});

test("in doubt, models less than 25 % apart are told apart by what the work is made for", () => {
  const rows = [
    row("serial", 1, { runQueueWait: 0.4 }),
    row("threads", 0.5, { workers: 1 }),
    row("threads", 0.3, { workers: 4 }),
    row("processes", 0.26, { workers: 4 }),
  ];
  assert.equal(decide(evidence(rows)).model.name, "threads x4");
  const quiet = rows.map((r) => ({ ...r, runQueueWait: 0 }));
  assert.equal(decide(evidence(quiet)).model.name, "processes x4");
});

test("in doubt, one event loop is not believed to have gained more than its idle time allows", () => {
  const rows = [
    row("serial", 0.2, { runQueueWait: 0.5, cpu: 0.1 }),
    row("event-loop", 0.06, { concurrency: 4, cpu: 0.05 }),
    row("threads", 0.24, { workers: 2, runQueueWait: 0.6, cpu: 0.1 }),
    row("processes", 0.09, { workers: 2, runQueueWait: 0.5, cpu: 0.09 }),
  ];
  const found = decide(evidence(rows, { cores: 2 }));
  assert.deepEqual([found.model.name, found.confidence], ["threads x2", "low"]);
});

test("waits that a run's own threads explain (they keep every core busy) raise no doubt", () => {
  const rows = [row("serial", 1), row("threads", 0.52, { workers: 2, cpu: 1.0, runQueueWait: 0.08 })];
  assert.equal(decide(evidence(rows, { cores: 2 })).confidence, "high");
});

test("repetitions more than 20 % apart lower the confidence, with the figure and the row", () => {
  const rows = [row("serial", 1), row("threads", 0.5, { workers: 4, range: [0.45, 0.61] })];
  const found = decide(evidence(rows));
  assert.equal(found.confidence, "low");
  assert.match(found.doubts[0]!, /^threads x4: repetitions differ by 32 % \(limit 20 %\)/);
});

test("noise in rows that the choice does not rest on raises no doubt", () => {
  const rows = [
    row("serial", 1),
    row("threads", 0.26, { workers: 4 }),
    row("processes", 0.5, { workers: 4, range: [0.3, 0.9], runQueueWait: 0.3 }),
  ];
  assert.equal(decide(evidence(rows)).confidence, "high");
});

test("a platform that cannot tell run-queue waits is judged by the spread alone", () => {
  const rows = [
    row("serial", 1, { runQueueWait: null }),
    row("threads", 0.3, { workers: 4, runQueueWait: null }),
  ];
  assert.equal(decide(evidence(rows)).confidence, "high");
});

test("advice fits the class: another API, a larger native pool, a chunk size, isolation", () => {
  const rows = [
    row("serial", 1),
    row("threads", 0.26, { workers: 4 }),
    row("processes", 0.265, { workers: 4 }),
  ];
  const crossings = [{ kind: "threads" as const, perTask: 3e-5, breakEven: 1e-4, chunkSize: 7 }];
  const chunked = decide(evidence(rows, { crossings })).advice.join("\n");
  assert.match(chunked, /send 7 inputs per message/);
  assert.match(chunked, /processes x4 is as fast/);
  assert.match(decide(evidence(rows, { classification: blocking })).advice.join("\n"), /asynchronous API/);
  const loops = [row("serial", 1), row("event-loop", 0.25, { concurrency: 8 })];
  const pool = decide(evidence(loops, { classification: native, cores: 16 }));
  assert.match(pool.advice.join("\n"), /UV_THREADPOOL_SIZE=16/);
  assert.doesNotMatch(decide(evidence(loops, { classification: native, cores: 2 })).advice.join("\n"), /UV_/);
});
