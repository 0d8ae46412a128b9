import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as multiprocessing from "spool/multiprocessing";
import * as threading from "spool/threading";

/** For waits that end soon, also on a busy machine. */
const LONG = { timeout: 60 };

const PLACES = [
  { name: "threads", memory: threading, Executor: threading.ThreadPoolExecutor },
  { name: "processes", memory: multiprocessing, Executor: multiprocessing.ProcessPoolExecutor },
] as const;

for (const { name, memory, Executor } of PLACES) {
  describe(`primitives in executors of ${name}`, () => {
    test("an initializer takes them as arguments and keeps them for the tasks", async () => {
      const started = new memory.Value("i", 0);
      const queue = new memory.Queue<number>();
      const pool = later(
        new Executor({
          maxWorkers: 2,
          initializer: (count: typeof started, results: typeof queue) => {
            count.add(1);
            Object.assign(globalThis, { results });
          },
          initArgs: [started, queue],
        }),
      );
      await pool.runOnAll(() => 0);
      assert.equal(started.value, 2);
      for await (const _ of pool.map(
        (n: number) => {
          (globalThis as unknown as { results: { putSync(n: number): void } }).results.putSync(n);
        },
        [1, 2, 3],
      ));
      const got = [queue.getNowait(), queue.getNowait(), queue.getNowait()];
      assert.deepEqual(
        got.toSorted((a, b) => a - b),
        [1, 2, 3],
      );
    });

    test("a task captures one of each, several times over", async () => {
      const lock = new memory.Lock();
      const deep = { lock, inside: [new memory.Event(), new memory.Value("d", 1.5)] as const };
      const [limit, again] = [new memory.Semaphore(1), new memory.RLock()];
      const changed = new memory.Condition();
      const numbers = new memory.Array("i", 3);
      const queue = new memory.JoinableQueue<string>();
      const pool = later(new Executor({ maxWorkers: 2 }));
      const task = async (n: number): Promise<boolean> => {
        await limit.with(() => lock.with(() => again.with(() => numbers.set(n, numbers.get(n) + 1))));
        deep.inside[1].withSync(() => (deep.inside[1].value += n));
        changed.withSync(() => changed.notifyAll());
        await queue.put(`task ${n}`);
        deep.inside[0].set();
        return deep.lock.locked();
      };
      for await (const _ of pool.map(task, [0, 1, 2]));
      assert.ok(await deep.inside[0].wait(LONG));
      assert.equal(deep.inside[1].value, 4.5);
      assert.deepEqual([...numbers], [1, 1, 1]);
      assert.equal(queue.qsize(), 3);
    });
  });

  test(`a barrier's action is run by one of the parties before any goes on (${name})`, async () => {
    const runs = new memory.Value("i", 0);
    const seen = new memory.Queue<number>();
    const barrier = new memory.Barrier(3, { action: () => void runs.add(1) });
    const pool = later(new Executor({ maxWorkers: 2 }));
    const party = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) {
        await barrier.wait({ timeout: 60 });
        await seen.put(runs.value - round);
        await barrier.wait({ timeout: 60 });
      }
    };
    // Each round is met at twice, and the action runs each time.
    const parties = [pool.submit(party), pool.submit(party), party()];
    await Promise.all(parties);
    assert.equal(runs.value, 10);
    for (let i = 0; i < 15; i++) {
      const ahead = seen.getNowait();
      assert.ok(ahead >= 1 && ahead <= 6, String(ahead));
    }
  });
}

describe("permits of a killed process", () => {
  const { Event, Process, Semaphore } = multiprocessing;

  for (const form of ["with", "withSync"] as const) {
    test(`come back when they were taken by ${form}`, async () => {
      const semaphore = new Semaphore(1);
      const inside = new Event();
      const child = new Process({
        target: async (blocking: boolean) => {
          const stay = (): void => {
            inside.set();
            for (;;);
          };
          if (blocking) semaphore.withSync(stay);
          else await semaphore.with(stay);
        },
        args: [form === "withSync"],
      });
      child.start();
      assert.ok(await inside.wait(LONG));
      assert.equal(semaphore.tryAcquire(), false);
      assert.equal(await semaphore.acquire({ timeout: 0.12 }), false, "its holder lives");
      child.kill();
      await child.join();
      assert.equal(form === "with" ? await semaphore.acquire(LONG) : semaphore.acquireSync(LONG), true);
      assert.equal(semaphore.getValue(), 0, "one permit, not more");
      semaphore.release();
      semaphore.withSync(() => assert.equal(semaphore.getValue(), 0));
      assert.equal(semaphore.getValue(), 1);
    });
  }

  test("stay taken when they were taken by acquire, which another may release", async () => {
    const semaphore = new Semaphore(1);
    const child = new Process({ target: () => void semaphore.acquireSync() });
    child.start();
    await child.join();
    assert.equal(await semaphore.acquire({ timeout: 0.12 }), false);
    semaphore.release();
    assert.equal(semaphore.tryAcquire(), true);
  });
});
