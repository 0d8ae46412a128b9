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
