import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  breakEvenTask,
  chunkSizeFor,
  crossingCost,
  median,
  mostAsyncGain,
  overheadShare,
} from "../../src/compare/formulas.ts";

test("one event loop gains at most the inverse of its busy share", () => {
  assert.equal(mostAsyncGain(0.25), 4);
  assert.equal(mostAsyncGain(0), Infinity);
  assert.equal(mostAsyncGain(1.2), 1);
});

test("the crossing cost is what one worker takes longer than the plain loop, per task, never negative", () => {
  assert.equal(crossingCost(1.5, 1, 1000), 0.0005);
  assert.equal(crossingCost(0.9, 1, 1000), 0);
});

test("at the break-even task time, serial and parallel take equally long", () => {
  const [crossing, start, tasks, n] = [2e-4, 0.1, 500, 4];
  const task = breakEvenTask(crossing, start, tasks, n)!;
  const serial = tasks * task;
  const parallel = (tasks * task) / n + tasks * crossing + start;
  assert.ok(Math.abs(serial - parallel) < 1e-9, `${serial} and ${parallel}`);
  assert.equal(breakEvenTask(crossing, start, tasks, 1), null);
});

test("the chunk keeps crossings at or below 5 % of the task time, and is no larger than that needs", () => {
  for (const [crossing, task] of [
    [1e-4, 1e-5],
    [3e-5, 1e-3],
    [1e-6, 1],
  ] as const) {
    const chunk = chunkSizeFor(crossing, task);
    assert.ok(crossing / chunk <= 0.05 * task + 1e-12);
    assert.ok(chunk === 1 || crossing / (chunk - 1) > 0.05 * task);
  }
});

test("overhead is the workers' time that was not in the function", () => {
  assert.equal(overheadShare(3, 4, 1), 0.25);
  assert.equal(overheadShare(5, 4, 1), 0);
});

test("median of odd, even and single lists", () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])], [2, 2.5, 7]);
});
