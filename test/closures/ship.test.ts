import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ref, revive, ship } from "spool/closures";

test("a function without captures comes back as itself", async () => {
  const shipment = ship((x: number) => x * x, { to: "thread" });
  const fn = await revive(structuredClone(shipment.payload));
  assert.equal(fn(3), 9);
});

test("a reference is imported on the other side", async () => {
  const shipment = ship(ref("node:path", "basename"), { to: "process" });
  assert.equal((await revive(structuredClone(shipment.payload)))("/a/b"), "b");
});

test("assigning a captured variable is warned about, once for each place; caching in it is not", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): unknown => warnings.push(warning);
  process.on("warning", listen);
  try {
    let sum = 0;
    let cache: Map<number, number> | undefined;
    const held = { count: 0 };
    for (let round = 0; round < 3; round++) {
      ship((x: number) => (sum += x), { to: "thread" });
      ship((x: number) => (cache ??= new Map()).get(x), { to: "thread" });
      ship(() => held.count++, { to: "thread" });
    }
    assert.deepEqual([sum, cache, held.count], [0, undefined, 0]);
    await new Promise((resolve) => setImmediate(resolve));
    const [warning, ...others] = warnings;
    assert.deepEqual(others, []);
    assert.equal(warning!.name, "SpoolWarning");
    assert.match(warning!.message, /captured variable `sum` \(.*ship\.test\.ts:\d+:\d+\)/);
  } finally {
    process.off("warning", listen);
  }
});
