import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedSemaphore, Condition, Semaphore } from "spool/sync";
import { remote } from "../support/remote.ts";

test("a semaphore refuses to count further than it can", () => {
  const semaphore = new Semaphore(1);
  assert.throws(() => semaphore.release(2 ** 31 - 1), { code: "INVALID_ARGUMENT" });
  assert.equal(semaphore.getValue(), 1);
  semaphore.release(2 ** 31 - 2);
  assert.throws(() => semaphore.release(), { code: "INVALID_ARGUMENT" });
  assert.equal(semaphore.getValue(), 2 ** 31 - 1);
});

test("releases at the same time never exceed a bounded semaphore", async () => {
  const semaphore = new BoundedSemaphore(1);
  const threads = [later(await remote("thread")), later(await remote("thread"))];
  for (const thread of threads) await thread.give("semaphore", semaphore);
  await Promise.all(threads.map((thread) => thread.script("overRelease", 100_000)));
  assert.equal(semaphore.getValue(), 1);
});

test("what is held is given back once, however often it is disposed of", async () => {
  const semaphore = new Semaphore(1);
  for (const hold of [() => semaphore.holdSync(), () => semaphore.hold()]) {
    const permit = await hold();
    assert.equal(semaphore.getValue(), 0);
    permit[Symbol.dispose]();
    permit[Symbol.dispose]();
    await permit[Symbol.asyncDispose]();
    assert.equal(semaphore.getValue(), 1);
  }
  assert.throws(() => semaphore.holdSync({ timeout: -1 }), { code: "INVALID_ARGUMENT" });
  semaphore.acquireSync();
  await assert.rejects(semaphore.hold({ timeout: 0.01 }), { code: "TIMEOUT" });
  assert.throws(() => semaphore.holdSync({ timeout: 0.01 }), { code: "TIMEOUT" });
});

for (const notified of [false, true]) {
  test(`as many dead waiters as there can be make room${notified ? ", notified ones too" : ""}`, async () => {
    const condition = new Condition();
    const thread = later(await remote("thread"));
    await thread.give("condition", condition);
    await thread.script("waitManyTimes", 1024);
    await assert.rejects(
      condition.with(() => condition.wait({ timeout: 0 })),
      { code: "INVALID_STATE" },
      "they live",
    );
    await condition.acquire();
    if (notified) condition.notifyAll();
    await thread.kill();
    assert.equal(await condition.wait({ timeout: 0.01 }), false);
    condition.release();
  });
}
