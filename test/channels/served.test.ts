import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Client } from "spool/channels";
import { Array, Barrier, Event, JoinableQueue, Lock, Process, Queue, Value } from "spool/multiprocessing";

/** What is peculiar to processes that share by sockets; the contract of the primitives is in test/sync/contract.test.ts. */
before(() => {
  process.env["SPOOL_MEMORY"] = "sockets";
});
after(() => {
  delete process.env["SPOOL_MEMORY"];
});

test("a bounded queue between processes, to its end", { timeout: 60_000 }, async () => {
  const queue = new Queue<unknown>(2);
  assert.ok(queue instanceof Queue);
  const items = [1, "text", new Uint8Array([1, 2]), new Float64Array([0.5]), { deep: [1n] }, undefined];
  const child = new Process({
    target: async (those: unknown[]) => {
      for (const [i, item] of those.entries()) {
        if (i % 2 === 0) queue.putSync(item);
        else await queue.put(item);
      }
      queue.shutdown();
    },
    args: [items],
  });
  child.start();
  const got: unknown[] = [];
  for await (const item of queue) got.push(item);
  assert.deepEqual(got, items);
  await child.join();
  await assert.rejects(queue.put(1), { code: "SHUT_DOWN" });
  assert.throws(() => queue.getNowait(), { code: "SHUT_DOWN" });
});

test("items hold functions and served objects", { timeout: 60_000 }, async () => {
  const queue = new JoinableQueue<() => number>();
  const count = new Value("i", 1);
  const child = new Process({
    target: async () => {
      (await queue.get())();
      queue.taskDone();
    },
  });
  child.start();
  await queue.put(() => count.add(2));
  assert.equal(await queue.join(), true);
  assert.equal(count.value, 3);
  await child.join();
});

test("what a killed producer had put is there, and what it held is free", { timeout: 60_000 }, async () => {
  const [queue, lock, event] = [new Queue<number>(), new Lock(), new Event()];
  const child = new Process({
    target: async () => {
      lock.acquireSync();
      for (let i = 0; i < 5; i++) await queue.put(i);
      event.set();
      await new Event().wait();
    },
  });
  child.start();
  await event.wait();
  child.kill();
  await child.join();
  assert.equal(await lock.acquire(), true);
  assert.equal(lock.abandoned?.pid, child.pid);
  lock.release();
  for (let i = 0; i < 5; i++) assert.equal(queue.getSync(), i);
  assert.equal(queue.empty(), true);
});

test("a signal ends a wait, and the place in the line with it", { timeout: 60_000 }, async () => {
  const queue = new Queue<number>();
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = queue.get({ signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await queue.put(7);
  assert.equal(await queue.get({ timeout: 60 }), 7);
  await assert.rejects(queue.get({ timeout: 0.01 }), { code: "EMPTY" });
});

test("blocking on a lock that is held here is an error, not a hang", () => {
  const lock = new Lock();
  lock.acquireSync();
  assert.throws(() => lock.acquireSync(), { code: "INVALID_STATE" });
  lock.release();
});

test("what needs shared memory says so", () => {
  assert.throws(() => new Array("i", 2).view, { code: "UNSUPPORTED" });
  assert.throws(() => new Barrier(2, { action: () => {} }), { code: "UNSUPPORTED" });
});

test("the socket is this user's own, asks for the key, and goes with the program", async () => {
  const lock = new Lock();
  assert.equal(lock.locked(), false);
  const { address } = JSON.parse(process.env["SPOOL_SERVICE"]!) as { address: string };
  assert.equal(statSync(dirname(address)).mode & 0o777, 0o700);
  await assert.rejects(Client(address, { authkey: "guessed" }), { code: "AUTHENTICATION" });
  const program = `
    import { Lock } from "spool/multiprocessing";
    new Lock().acquireSync();
    console.log(JSON.parse(process.env.SPOOL_SERVICE).address);`;
  const { SPOOL_SERVICE: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["-C", "spool-source", "--input-type=module", "-e", program],
    { env: { ...env, NODE_TEST_CONTEXT: "" } },
  );
  assert.notEqual(stdout.trim(), address);
  assert.equal(existsSync(dirname(stdout.trim())), false);
});
