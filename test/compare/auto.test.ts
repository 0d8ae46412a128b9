import "../support/leaks.ts";
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { type AutoChoice, type WorkClass, auto, classify } from "spool/compare";
import { type Glimpse, chooseModel } from "../../src/compare/choose.ts";

const figures: Record<WorkClass, readonly [cpu: number, loopActive: number]> = {
  "async-io": [0.02, 0.02],
  "native-pool": [1, 0.05],
  "js-cpu": [1, 1],
  blocking: [0.05, 1],
  mixed: [0.5, 0.5],
};

function glimpse(kind: WorkClass, extra: Partial<Glimpse> = {}): Glimpse {
  const [cpu, loopActive] = figures[kind];
  const classification = classify({ wall: 1, cpu, loopActive, runQueueWait: 0 });
  assert.equal(classification.class, kind);
  return { classification, taskTime: 0.01, remaining: 1000, cores: 4, shippable: () => true, ...extra };
}

const CHOICES: readonly (readonly [string, Glimpse, string | undefined])[] = [
  ["waiting", glimpse("async-io"), "event loop x64"],
  ["native work", glimpse("native-pool"), "event loop x8"],
  ["computing", glimpse("js-cpu"), "threads x4"],
  ["blocking calls, even on one core", glimpse("blocking", { cores: 1 }), "threads x4"],
  ["a mix", glimpse("mixed"), "threads x4, 4 each"],
  ["a mix that cannot be shipped", glimpse("mixed", { shippable: () => false }), "event loop x8"],
  ["computing on one core", glimpse("js-cpu", { cores: 1 }), undefined],
  ["computing that cannot be shipped", glimpse("js-cpu", { shippable: () => false }), undefined],
  ["too little left to start threads for", glimpse("js-cpu", { remaining: 5 }), undefined],
  ["tasks too small for a message", glimpse("js-cpu", { taskTime: 1e-6, remaining: 1e9 }), undefined],
  ["one input left", glimpse("async-io", { remaining: 1 }), undefined],
];

for (const [what, seen, expected] of CHOICES) {
  test(`${what}: ${expected ?? "the plain loop goes on"}`, () => {
    assert.equal(chooseModel(seen)?.model.name, expected);
  });
}

test("every input is run once and the results keep their order, whatever is chosen on the way", async () => {
  const calls: number[] = [];
  const choices: AutoChoice[] = [];
  const inputs = Array.from({ length: 200 }, (_, i) => i);
  // What it captures keeps it on this thread, so that the calls can be counted here.
  const socket = new Socket();
  const wait = async (x: number): Promise<number> => {
    assert.equal(socket.destroyed, false);
    calls.push(x);
    await new Promise((resolve) => setTimeout(resolve, x % 7));
    return x * x;
  };
  const results = await Array.fromAsync(
    auto.map(wait, inputs, { onChoice: (choice) => choices.push(choice) }),
  );
  assert.deepEqual(
    results,
    inputs.map((x) => x * x),
  );
  assert.deepEqual(
    calls.toSorted((a, b) => a - b),
    inputs,
  );
  assert.equal(choices.length, 1);
  assert.equal(choices[0]!.model.kind, "event-loop");
});

test("computing moves to threads, with what the function captures", async () => {
  const rounds = 200_000;
  const work = (x: number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += Math.sqrt(i + x);
    return Math.round(sum);
  };
  let choice: AutoChoice | undefined;
  function* endless(): Generator<number> {
    for (let x = 0; ; x++) yield x;
  }
  let index = 0;
  for await (const result of auto.map(work, endless(), { workers: 2, onChoice: (c) => (choice = c) })) {
    assert.equal(result, work(index), `result ${index}`);
    index++;
    // Endless inputs: enough once results have come from the threads.
    if (choice !== undefined && index > choice.after + 20) break;
  }
  assert.match(choice!.model.name, /^threads x/);
});

test("the function's error ends the iteration, and the inputs are closed", async () => {
  let closed = false;
  function* inputs(): Generator<number> {
    try {
      for (let x = 0; ; x++) yield x;
    } finally {
      closed = true;
    }
  }
  const fail = (x: number): number => {
    if (x === 3) throw new RangeError("three");
    return x;
  };
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const x of auto.map(fail, inputs())) seen.push(x);
  }, new RangeError("three"));
  assert.deepEqual([seen, closed], [[0, 1, 2], true]);
});

test("a signal ends it, before and between inputs", async () => {
  const reason = new Error("enough");
  await assert.rejects(
    Array.fromAsync(auto.map((x: number) => x, [1], { signal: AbortSignal.abort(reason) })),
    reason,
  );
});
