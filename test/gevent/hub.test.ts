import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Greenlet, getHub, sleep, spawn } from "spool/gevent";
import { withVirtualClock } from "spool/testing";

test("there is one hub, and it knows who runs", async () => {
  await withVirtualClock(async () => {
    assert.equal(getHub(), getHub());
    assert.deepEqual(getHub().greenlets, []);
    const greenlet = spawn(sleep, 5);
    assert.deepEqual(getHub().greenlets, [greenlet]);
    await greenlet.join();
    assert.deepEqual(getHub().greenlets, []);
  });
});

test("join waits for every greenlet, those started meanwhile too", async () => {
  await withVirtualClock(async () => {
    const ended: string[] = [];
    spawn(async () => {
      await sleep(1);
      spawn(async () => {
        await sleep(1);
        ended.push("late");
      });
      ended.push("early");
    });
    assert.equal(await getHub().join(), true);
    assert.deepEqual(ended, ["early", "late"]);
  });
});

test("join says when time was up, and inside a greenlet leaves that one out", async () => {
  await withVirtualClock(async () => {
    const slow = spawn(sleep, 100);
    assert.equal(await getHub().join({ timeout: 10 }), false);
    const asker = spawn(() => getHub().join());
    assert.equal(await asker.get(), true);
    assert.ok(slow.ready());
  });
});

test("a killed greenlet and one that never started hold nobody up", async () => {
  await withVirtualClock(async () => {
    const killed = spawn(sleep, 100);
    const unstarted = new Greenlet(sleep, 100);
    await Promise.all([killed.kill(), unstarted.kill()]);
    assert.equal(await getHub().join(), true);
  });
});

test("handleError takes errors that nobody is linked to; undefined puts the warning back", async () => {
  await withVirtualClock(async () => {
    const hub = getHub();
    const before = hub.handleError;
    const taken: unknown[] = [];
    hub.handleError = (greenlet, error) => taken.push(greenlet.name, error);
    const error = new Error("lost");
    try {
      const failing = spawn(function failing() {
        throw error;
      });
      await failing.join();
      const linked = spawn(function linked() {
        throw error;
      });
      linked.rawlink(() => {});
      await hub.join();
    } finally {
      hub.handleError = undefined;
    }
    assert.deepEqual(taken, ["failing", error]);
    assert.equal(hub.handleError, before);
    assert.throws(() => (hub.handleError = 5 as never), /handleError/);
  });
});

test("the hub's threads run what would block, and end with destroy", async () => {
  const hub = getHub();
  assert.equal(hub.threadpool, hub.threadpool);
  assert.equal(await hub.threadpool.spawn((a: number, b: number) => a * b, 6, 7).get(), 42);
  await hub.destroy();
  await hub.destroy();
});
