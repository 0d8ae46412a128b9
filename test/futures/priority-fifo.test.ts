import assert from "node:assert/strict";
import { test } from "node:test";
import { PriorityFifo } from "../../src/core/index.ts";

test("higher priorities first, first in first out within one, put back at the front", () => {
  const queue = new PriorityFifo<string>();
  for (const [value, priority] of [
    ["a", 0],
    ["low", -1],
    ["b", undefined],
    ["high", 2],
    ["mid", 1],
    ["high2", 2],
  ] as const)
    queue.push(value, priority);
  assert.deepEqual([...queue], ["high", "high2", "mid", "a", "b", "low"]);
  assert.equal(queue.shift(), "high");
  queue.unshift("high", 2);
  const all: (string | undefined)[] = [];
  while (queue.size > 0) {
    const next = queue.peek();
    assert.equal(queue.shift(), next);
    all.push(next);
  }
  assert.deepEqual(all, ["high", "high2", "mid", "a", "b", "low"]);
  assert.equal(queue.shift(), undefined);
  queue.push("again");
  assert.equal(queue.shift(), "again");
});
