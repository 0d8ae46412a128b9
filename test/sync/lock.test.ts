import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Lock, Value } from "spool/sync";
import { type Remote, remote } from "../support/remote.ts";

for (const [memory, kind] of [
  ["thread", "thread"],
  ["process", "thread"],
  ["process", "process"],
] as const) {
  describe(`Lock in ${memory} memory against a ${kind}`, () => {
    for (const script of ["incrementSync", "increment"]) {
      test(`no increment is lost: ${script} there, both forms here`, async () => {
        await using other: Remote = await remote(kind);
        const lock = new Lock(memory);
        const counter = new Value("i", 0, {}, memory);
        await other.give("lock", lock);
        await other.give("counter", counter);
        const there = other.script(script, 20_000);
        for (let i = 0; i < 200; i++) {
          await lock.acquire();
          counter.value++;
          lock.release();
          lock.acquireSync();
          counter.value++;
          lock.release();
        }
        await there;
        assert.equal(counter.value, 20_400);
      });
    }

    test("a killed holder is replaced within 200 ms and the next one is told", async () => {
      await using other = await remote(kind);
      const lock = new Lock(memory);
      await other.give("lock", lock);
      await other.call("lock", "acquireSync");
      assert.equal(lock.locked(), true);
      const next = lock.acquire();
      await other.kill();
      const killed = performance.now();
      assert.equal(await next, true);
      const took = performance.now() - killed;
      console.log(`${memory} memory, ${kind}: recovered after ${took.toFixed(1)} ms`);
      assert.equal(lock.abandoned?.pid, other.pid);
      lock.release();
      assert.equal(lock.abandoned, null);
    });
  });
}
