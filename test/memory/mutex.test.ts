import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  allocate,
  type Block,
  isDead,
  me,
  Mutex,
  runAsync,
  runSync,
  threadOf,
  type Waiter,
} from "spool/memory";
import { remote } from "../support/remote.ts";
import { Lock } from "spool/sync";
import { DEAD, KINDS } from "./support.ts";

const STATE = 0;

for (const kind of KINDS) {
  describe(`Mutex in ${kind} memory`, () => {
    const make = (): [Mutex, Block] => {
      const block = allocate(kind, 64);
      return [new Mutex(block), block];
    };

    test("has one holder, and says which", () => {
      const [mutex] = make();
      assert.equal(mutex.holder, null);
      assert.equal(mutex.tryLock(), true);
      assert.equal(mutex.tryLock(), false);
      assert.equal(mutex.heldByMe, true);
      assert.equal(mutex.holder, threadOf(me()));
      mutex.unlock();
      assert.equal(mutex.locked, false);
      assert.throws(() => mutex.unlock(), { code: "LOCK_OWNERSHIP" });
      assert.deepEqual(mutex.statistics, { acquisitions: 1, contended: 0, recovered: 0 });
    });

    test("is taken over from a dead holder, once, and the next holder is told", () => {
      const [mutex, block] = make();
      block.words[STATE] = DEAD;
      assert.equal(mutex.tryLock(), false);
      assert.equal(mutex.tryRecover(), true);
      assert.equal(mutex.abandoned?.threadId, threadOf(DEAD));
      assert.equal(mutex.statistics.recovered, 1);
      mutex.unlock();
      assert.equal(mutex.abandoned, null);
      assert.equal(mutex.tryRecover(), true);
      assert.equal(mutex.abandoned, null, "only the first one is told");
      mutex.unlock();
    });

    test("waiters of both forms recover it too", async () => {
      const [mutex, block] = make();
      block.words[STATE] = DEAD;
      assert.equal(
        runSync((waiter) => mutex.lock(waiter)),
        true,
      );
      mutex.unlock();
      block.words[STATE] = DEAD;
      assert.equal(await runAsync((waiter) => mutex.lock(waiter)), true);
      assert.notEqual(mutex.abandoned, null);
      mutex.unlock();
    });

    test("newcomers stand back while somebody starves", () => {
      const [mutex] = make();
      const waiter: Waiter = { blocking: false, announce: (point) => point.announce(1) };
      mutex.point.starve();
      const newcomer = mutex.lock(waiter);
      assert.equal(newcomer.next(false).done, false, "though the lock is free");
      assert.deepEqual(
        newcomer.next(false),
        { done: true, value: true },
        "it has waited, so it is its turn too",
      );
      assert.equal(mutex.point.starved, false, "fed");
      mutex.unlock();
    });
  });
}

test("a living holder is never taken for dead", async () => {
  const other = await remote("process");
  try {
    const lock = new Lock("process");
    await other.give("lock", lock);
    await other.call("lock", "acquire");
    for (let i = 0; i < 3; i++) assert.equal(await lock.acquire({ timeout: 0.12 }), false);
    await other.call("lock", "release");
    assert.equal(isDead(me()), false);
    assert.equal(isDead(DEAD), true);
  } finally {
    await other.kill();
  }
});

for (const form of ["hogSync", "hog"]) {
  test(`a waiter gets a lock that another ${form === "hog" ? "loop" : "thread"} takes again and again`, async () => {
    const other = await remote("process");
    try {
      const lock = new Lock("process");
      await other.give("lock", lock);
      const hogging = other.script<number>(form, 20_000_000);
      while (lock.statistics().acquisitions < 1000) await new Promise(setImmediate);
      assert.equal(await lock.acquire({ timeout: 60 }), true);
      const during = lock.statistics().acquisitions;
      await new Promise(setImmediate);
      assert.equal(lock.statistics().acquisitions, during, "the other waits now");
      await other.kill();
      await assert.rejects(hogging);
      lock.release();
    } finally {
      await other.kill();
    }
  });
}
