import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createTask, currentTime, group, sleep, timeout } from "spool/asyncio";
import { Sequencer, VirtualClock, noLeaks, waitAllBlocked, withVirtualClock } from "spool/testing";

test("a day passes as soon as everything is blocked", async () => {
  await withVirtualClock(async (clock) => {
    await sleep(86_400);
    assert.equal(clock.now(), 86_400);
    assert.equal(currentTime(), 86_400);
  });
});

test("without autojump time stands still until it is advanced", async () => {
  await withVirtualClock(
    async (clock) => {
      const order: number[] = [];
      const tasks = [3, 1, 2].map((n) => createTask(() => sleep(n).then(() => order.push(n))));
      await waitAllBlocked();
      assert.deepEqual(order, []);
      await clock.advance(2);
      assert.deepEqual([order, clock.now()], [[1, 2], 2]);
      await clock.advance(0.5);
      assert.deepEqual(order, [1, 2]);
      await clock.advance(10);
      assert.deepEqual([order, clock.now()], [[1, 2, 3], 12.5]);
      await Promise.all(tasks.map((t) => t.join()));
    },
    { autojump: false },
  );
});

test("advance fires timers that fall due because of others on the way", async () => {
  await withVirtualClock(
    async (clock) => {
      const seen: number[] = [];
      const task = createTask(async () => {
        for (let i = 0; i < 3; i++) {
          await sleep(1);
          seen.push(clock.now());
        }
      });
      await clock.advance(5);
      assert.deepEqual(seen, [1, 2, 3]);
      await task;
    },
    { autojump: false },
  );
});

test("with a threshold the clock waits for real I/O before it jumps", async () => {
  const read = (): Promise<string> => readFile(new URL("../../package.json", import.meta.url), "utf8");
  await withVirtualClock(
    async (clock) => {
      const text = await timeout(1, async (deadline) => {
        const result = await read();
        deadline.reschedule(Infinity);
        return result;
      });
      assert.match(text, /"spool"/);
      assert.equal(clock.now(), 0);
    },
    { threshold: 5 },
  );
});

test("the former clock is back after dispose, also when the body throws", async () => {
  const before = currentTime();
  await assert.rejects(
    withVirtualClock(() => {
      throw new Error("x");
    }),
  );
  assert.ok(currentTime() >= before);
  const clock = new VirtualClock({ start: 100 }).install();
  assert.equal(currentTime(), 100);
  clock[Symbol.dispose]();
  assert.ok(currentTime() >= before);
});

test("a thousand timers set out of order fire in order", async () => {
  await withVirtualClock(async (clock) => {
    const fired: number[] = [];
    const times = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 997);
    await group((g) => {
      for (const time of times) g.spawn(() => sleep(time).then(() => fired.push(time)));
    });
    assert.deepEqual(
      fired,
      times.toSorted((a, b) => a - b),
    );
    assert.equal(clock.now(), 996);
  });
});

test("a cancelled timer does not make time jump", async () => {
  await withVirtualClock(async (clock) => {
    clock.after(1000, () => assert.fail())();
    await sleep(1);
    assert.equal(clock.now(), 1);
  });
});

test("waitAllBlocked works without a virtual clock", async () => {
  let reached = false;
  const task = createTask(async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    reached = true;
    await sleep(Infinity);
  });
  await waitAllBlocked();
  assert.equal(reached, true);
  task.cancel();
  await assert.rejects(task.join());
});

test("the sequencer puts steps of different tasks in order", async () => {
  const sequence = new Sequencer();
  const order: number[] = [];
  await group((g) => {
    for (const n of [3, 0, 2, 1]) g.spawn(() => sequence.step(n, () => void order.push(n)));
  });
  assert.deepEqual(order, [0, 1, 2, 3]);
});

test("a step that throws lets the next go, and a number is used once", async () => {
  const sequence = new Sequencer();
  const first = sequence.step(0, () => {
    throw new Error("x");
  });
  await assert.rejects(first, /x/);
  await sequence.at(1);
  await assert.rejects(sequence.at(1), /taken already/);
});

test("noLeaks passes clean code and names a timer and a task that are left", async () => {
  assert.equal(await noLeaks(() => sleep(0).then(() => 5)), 5);
  let timer: NodeJS.Timeout | undefined;
  const task = [createTask(() => {}, { name: "early" })];
  await task[0]!.join();
  const error = await noLeaks(() => {
    timer = setTimeout(() => {}, 100_000);
    task.push(createTask(() => sleep(Infinity), { name: "forgotten" }) as never);
  }).catch((e: unknown) => e as Error);
  clearTimeout(timer);
  task[1]!.cancel();
  await assert.rejects(task[1]!.join());
  assert.match((error as Error).message, /left behind: .*Timeout.*task "forgotten"/);
});
