import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type SerialFigures, type WorkClass, classify } from "spool/compare";

/** Each line: what a serial run of one second showed, and what kind of work that is. */
const CASES: readonly (readonly [string, Partial<SerialFigures>, WorkClass])[] = [
  ["requests to a slow server", { cpu: 0.02, loopActive: 0.03 }, "async-io"],
  ["timers", { cpu: 0.001, loopActive: 0.001 }, "async-io"],
  ["some parsing between requests", { cpu: 0.4, loopActive: 0.38 }, "mixed"],
  ["half and half, with collections on helper threads", { cpu: 0.7, loopActive: 0.5 }, "mixed"],
  ["mostly computing, now and then a file", { cpu: 0.75, loopActive: 0.7 }, "mixed"],
  ["tokenising", { cpu: 1.0, loopActive: 1.0 }, "js-cpu"],
  ["computing with much garbage on helper threads", { cpu: 1.6, loopActive: 1.0 }, "js-cpu"],
  ["child_process.execSync", { cpu: 0.05, loopActive: 1.0 }, "blocking"],
  ["reading synchronously from a slow disk", { cpu: 0.3, loopActive: 0.95 }, "blocking"],
  ["pbkdf2 in the native pool", { cpu: 0.99, loopActive: 0.02 }, "native-pool"],
  ["gzip of what a little JavaScript prepares", { cpu: 0.9, loopActive: 0.3 }, "native-pool"],
];

for (const [what, figures, expected] of CASES) {
  test(`${what}: ${expected}`, () => {
    const found = classify({ wall: 1, cpu: 0, loopActive: 0, runQueueWait: 0, ...figures });
    assert.equal(found.class, expected, JSON.stringify(found));
  });
}

test("a busy machine does not make pure computation look like a blocking call", () => {
  // Of two seconds the thread stood in the run queue for one; the loop was "busy" all the time.
  const waited = { wall: 2, cpu: 1, loopActive: 2, runQueueWait: 1 };
  assert.equal(classify({ ...waited, runQueueWait: 0 }).class, "blocking", "the trap is real");
  const found = classify(waited);
  assert.equal(found.class, "js-cpu");
  assert.ok(found.cpuShare > 0.95 && found.loopBusy > 0.95, JSON.stringify(found));
});

test("waits longer than the run itself (a coarse clock) give shares, not infinities", () => {
  const found = classify({ wall: 1, cpu: 0.5, loopActive: 1, runQueueWait: 1.5 });
  assert.ok(Number.isFinite(found.cpuShare) && found.loopBusy >= 0 && found.loopBusy <= 1);
});

test("the reason quotes the figures it rests on", () => {
  const found = classify({ wall: 1, cpu: 0.02, loopActive: 0.04, runQueueWait: 0 });
  assert.match(found.reason, /idle 96 %/);
});
