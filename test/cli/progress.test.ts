import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { progressText } from "../../src/cli/render/progress.ts";
import { clockTime } from "../../src/core/index.ts";

test("share, bar, count, rate, time left, failures", () => {
  assert.equal(
    progressText({ done: 4300, failed: 3, total: 10_000, rate: 812 }),
    "█████████████░░░░░░░░░░░░░░░░░ 4300/10000 43 %, 812/s, 0:08 left, 3 failed",
  );
});

test("without a total there is no bar and no time left", () => {
  assert.equal(progressText({ done: 17, failed: 0, total: undefined, rate: 2.5 }), "17 done, 2.5/s");
});

test("before the first result nothing is guessed", () => {
  assert.equal(progressText({ done: 0, failed: 0, total: 5, rate: 0 }), `${"░".repeat(30)} 0/5 0 %, 0.0/s`);
  assert.match(progressText({ done: 0, failed: 0, total: 0, rate: 0 }), / 0\/0 100 %/);
});

test("times are read like a clock", () => {
  assert.deepEqual([0, 6.2, 90, 750, 11_100].map(clockTime), ["0:00", "0:07", "1:30", "12:30", "3:05:00"]);
});
