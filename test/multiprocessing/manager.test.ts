import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BaseManager, Manager, Process, Queue, SyncManager } from "spool/multiprocessing";

class Counter {
  #count = 0;
  add(by: number): number {
    return (this.#count += by);
  }
  fail(): never {
    throw new RangeError("no further");
  }
  get hidden(): number {
    return 1;
  }
  _private(): number {
    return 2;
  }
}

describe("Manager", () => {
  test("its types do what Python's do", async () => {
    const manager = later(await Manager());

    const dict = await manager.dict<string, number>({ a: 1 });
    await dict.set("b", 2);
    assert.deepEqual(await dict.items(), [
      ["a", 1],
      ["b", 2],
    ]);
    assert.equal(await dict.get("none", 5), 5);
    assert.equal(await dict.setDefault("c", 3), 3);
    assert.equal(await dict.pop("c"), 3);
    assert.equal(await dict.has("c"), false);
    assert.equal(await dict.increment("a", 4), 5);
    await dict.update({ z: 26 });
    assert.deepEqual(await dict.keys(), ["a", "b", "z"]);
    assert.deepEqual(await dict.values(), [5, 2, 26]);
    assert.deepEqual(
      await dict.copy(),
      new Map([
        ["a", 5],
        ["b", 2],
        ["z", 26],
      ]),
    );
    assert.equal(await dict.delete("z"), true);
    assert.equal(await dict.size(), 2);
    await dict.clear();
    assert.equal(await dict.size(), 0);

    const list = await manager.list([3, 1, 2]);
    await list.append(0);
    await list.extend([9, 9]);
    await list.sort();
    assert.deepEqual(await list.slice(), [0, 1, 2, 3, 9, 9]);
    assert.equal(await list.pop(), 9);
    await list.insert(1, 7);
    await list.remove(7);
    await list.reverse();
    await list.set(-1, 5);
    assert.deepEqual([await list.get(0), await list.get(-1)], [9, 5]);
    assert.deepEqual([await list.length(), await list.count(9), await list.index(5)], [5, 1, 4]);
    await assert.rejects(list.get(99), { code: "INVALID_ARGUMENT" });

    const names = await manager.Namespace({ x: 1 });
    await names.set("y", [1]);
    assert.deepEqual(await names.copy(), { x: 1, y: [1] });
    await assert.rejects(names.get("none"));

    const value = await manager.Value(1);
    assert.equal(await value.add(2), 3);
    await value.set(10);
    assert.equal(await value.get(), 10);

    const queue = await manager.Queue<string>(1);
    await queue.put("x");
    await assert.rejects(queue.putNowait("y"), { code: "FULL" });
    assert.equal(await queue.get(), "x");
    await assert.rejects(queue.get({ timeout: 0.01 }), { code: "EMPTY" });

    const event = await manager.Event();
    const waited = event.wait();
    await event.set();
    assert.equal(await waited, true);

    const barrier = await manager.Barrier(2);
    assert.deepEqual((await Promise.all([barrier.wait(), barrier.wait()])).sort(), [0, 1]);

    const semaphore = await manager.BoundedSemaphore(1);
    assert.equal(await semaphore.acquire(), true);
    assert.equal(await semaphore.acquire({ timeout: 0.01 }), false);
    await semaphore.release();
    await assert.rejects(semaphore.release());
  });

  test("locks and conditions, and what a stranger may not", async () => {
    const manager = later(await Manager());
    const lock = await manager.Lock();
    assert.equal(await lock.acquire(), true);
    assert.equal(await lock.acquire({ timeout: 0.01 }), false);
    assert.equal(await lock.locked(), true);
    await lock.release();
    await assert.rejects(lock.release(), { code: "LOCK_OWNERSHIP" });
    const rlock = await manager.RLock();
    assert.deepEqual([await rlock.acquire(), await rlock.tryAcquire()], [true, true]);
    await rlock.release();
    assert.equal(await rlock.locked(), true);
    await rlock.release();
    const condition = await manager.Condition();
    await assert.rejects(condition.notify(), { code: "LOCK_OWNERSHIP" });
    await condition.acquire();
    assert.equal(await condition.wait({ timeout: 0.01 }), false);
    const notified = condition.wait();
    await condition.acquire();
    await condition.notify();
    await condition.release();
    assert.equal(await notified, true);
    await condition.release();
  });

  test("proxies work in other processes, and a vanished client's lock is free", async () => {
    const manager = later(await Manager());
    const [lock, dict] = [await manager.Lock(), await manager.dict<string, number>()];
    const queue = new Queue<string>();
    const child = new Process({
      target: async () => {
        await lock.acquire();
        await dict.set("child", process.pid);
        await queue.put("holding");
        await new Promise(() => setInterval(() => {}, 1000));
      },
    });
    child.start();
    assert.equal(await queue.get(), "holding");
    assert.equal(await lock.acquire({ timeout: 0.01 }), false);
    assert.equal(await dict.get("child"), child.pid);
    child.kill();
    assert.equal(await lock.acquire({ timeout: 60 }), true);
    await lock.release();
    await child.join();
  });

  test("a pool in the manager", async () => {
    const manager = later(await Manager());
    const pool = await manager.Pool(1);
    assert.deepEqual(await pool.map((x: any) => x * x, [1, 2, 3]), [1, 4, 9]);
    await pool.terminate();
  });

  test("own types, errors with their class, and what is not to be called", async () => {
    const manager = later(await new BaseManager({ types: { Counter: () => new Counter() } }).start());
    const counter = await manager.create("Counter");
    assert.deepEqual(await Promise.all([counter.add(1), counter.add(2)]), [1, 3]);
    await assert.rejects(
      counter.fail(),
      (error: Error) => error instanceof RangeError && /fail/.test(error.stack!),
    );
    assert.equal("hidden" in counter, false);
    assert.equal("_private" in counter, false);
    await assert.rejects((manager as BaseManager).create("None"), { code: "REMOTE" });
  });

  test("a server in this process over TCP, found by connect, with the right key only", async () => {
    const shared = new Counter();
    const server = later(
      await new BaseManager({
        address: { port: 0 },
        authkey: "k",
        types: { get: () => shared },
      }).getServer(),
    );
    const served = server.serveForever();
    const client = later(
      await new BaseManager<{ get: () => Counter }>({
        address: server.address,
        authkey: "k",
      }).connect(),
    );
    const [one, two] = [await client.create("get"), await client.create("get")];
    await one.add(1);
    assert.equal(await two.add(1), 2, "both are the same object");
    assert.equal(shared.add(0), 2);
    const stranger = new BaseManager({
      address: { port: (server.address as { port: number }).port },
      authkey: "wrong",
    });
    await assert.rejects(stranger.connect(), { code: "AUTHENTICATION" });
    server.close();
    await served;
    await assert.rejects(one.add(1));
  });

  for (const [place, address] of [
    ["a unix socket", undefined],
    ["TCP", { port: 0 }],
  ] as const) {
    test(`an object is forgotten when nobody can reach it any more (${place})`, async () => {
      setFlagsFromString("--expose-gc");
      const gc = runInNewContext("gc") as () => void;
      const options = { authkey: "k", types: { Counter: () => new Counter() } };
      const server = later(await new BaseManager({ ...options, ...(address && { address }) }).getServer());
      const client = later(await new BaseManager({ ...options, address: server.address }).connect());
      /** Collects until the server has forgotten, or three times to see that it has not. */
      const collect = async (until: () => boolean, most: number = 1000): Promise<void> => {
        for (let i = 0; i < most && !until(); i++) {
          gc();
          for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
        }
      };
      const queue = new Queue<{ add(by: number): Promise<number> }>();
      // In a function of its own, so that no variable of this one keeps the proxy.
      const add = await (async () => {
        const counter = await client.create("Counter");
        assert.equal(await counter.add(1), 1);
        assert.equal(server.size, 1);
        return counter.add;
      })();
      await collect(() => server.size === 0, 3);
      assert.equal(await add(1), 2, "a method that was taken off its proxy keeps it");

      await (async () => {
        await queue.put(await client.create("Counter"));
      })();
      await collect(() => server.size < 2, 3);
      assert.equal(server.size, 2, "a proxy that is on its way counts");
      await (async () => {
        assert.equal(await (await queue.get()).add(3), 3);
      })();
      await collect(() => server.size === 1);
      assert.equal(server.size, 1, "its last proxy is gone");
      assert.equal(await add(1), 3, "the other object is there");
      await client.shutdown();
      while (server.size > 0) await new Promise(setImmediate);
      server.close();
    });
  }

  test("misuse is an error", async () => {
    const manager = new SyncManager();
    await assert.rejects(manager.dict(), { code: "INVALID_STATE" });
    await assert.rejects(manager.connect(), { code: "INVALID_ARGUMENT" });
    await manager.start();
    await assert.rejects(manager.start(), { code: "INVALID_STATE" });
    assert.throws(() => manager.register("late", () => 1), { code: "INVALID_STATE" });
    await manager.shutdown();
    await manager.shutdown();
    await assert.rejects(manager.dict(), { code: "INVALID_STATE" });
  });
});
