import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isMainThread, threadId } from "node:worker_threads";
import {
  CancelledError,
  type EventLoop,
  TimeoutError,
  createTask,
  gather,
  getLoop,
  group,
  run,
  runCoroutineThreadsafe,
  runInExecutor,
  setDefaultExecutor,
  shutdownDefaultExecutor,
  sleep,
  timeout,
  toThread,
} from "spool/asyncio";
import { EventLoopExecutor, InlineExecutor } from "spool/futures";
import { waitAllBlocked } from "spool/testing";
import { Event, Queue, ThreadPoolExecutor } from "spool/threading";

after(() => shutdownDefaultExecutor());

test("toThread runs a function elsewhere, with what it captures, and gives its value", async () => {
  try {
    const factor = 3;
    const [value, main] = await toThread((x: number) => [x * factor, isMainThread], 14);
    assert.deepEqual([value, main], [42, false]);
  } finally {
    await shutdownDefaultExecutor();
  }
});

test("toThread throws what the function throws", async () => {
  try {
    await assert.rejects(
      toThread(() => {
        throw new RangeError("over there");
      }),
      (error: Error) => error instanceof RangeError && error.message === "over there",
    );
  } finally {
    await shutdownDefaultExecutor();
  }
});

test("the event loop goes on while a thread computes", async () => {
  try {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const waiting = createTask(() => toThread((flag: Int32Array) => Atomics.wait(flag, 0, 0), gate));
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    assert.ok(["ok", "not-equal"].includes(await waiting.join()));
  } finally {
    await shutdownDefaultExecutor();
  }
});

test("a cancelled toThread stops the call, busy loop or not", async () => {
  try {
    const started = new Int32Array(new SharedArrayBuffer(4));
    await group(async (g) => {
      const busy = g.spawn(() =>
        toThread((flag: Int32Array) => {
          Atomics.store(flag, 0, 1);
          Atomics.notify(flag, 0);
          for (;;);
        }, started),
      );
      const { value } = Atomics.waitAsync(started, 0, 0);
      await value;
      busy.cancel();
      await assert.rejects(busy.join(), CancelledError);
    });
  } finally {
    await shutdownDefaultExecutor();
  }
});

test("runInExecutor takes any executor", async () => {
  for (const executor of [
    new InlineExecutor(),
    new EventLoopExecutor(),
    new ThreadPoolExecutor({ maxWorkers: 1 }),
  ]) {
    const values = await gather([1, 2, 3].map((n) => () => runInExecutor(executor, (x: number) => x * x, n)));
    assert.deepEqual(values, [1, 4, 9]);
    await executor.shutdown();
  }
});

test("work queued in an executor is withdrawn when its waiter is cancelled", async () => {
  const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const first = executor.submit((flag: Int32Array) => Atomics.wait(flag, 0, 0), gate);
  await assert.rejects(
    timeout(0, () => runInExecutor(executor, () => 1)),
    TimeoutError,
  );
  assert.equal(executor.statistics().cancelled, 1);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  await first;
  await executor.shutdown();
});

test("the default executor can be replaced", async () => {
  setDefaultExecutor(new InlineExecutor());
  assert.equal(await toThread(() => threadId), threadId);
  await shutdownDefaultExecutor();
});

test("a cancelled scope submits nothing", async () => {
  const executor = new InlineExecutor();
  await group(async (g) => {
    g.cancel();
    await runInExecutor(executor, () => 1);
  });
  assert.equal(executor.statistics().submitted, 0);
});

test("runCoroutineThreadsafe: a thread runs code in the main loop and gets its value and errors", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  await run(async () => {
    const loop = getLoop();
    const answer = await runInExecutor(pool, async () => {
      const { runCoroutineThreadsafe: call } = await import("spool/asyncio");
      const { isMainThread: here } = await import("node:worker_threads");
      const there = await call(
        loop,
        async (x: number) => [x + 1, (await import("node:worker_threads")).isMainThread],
        41,
      );
      const error = await call(loop, () => {
        throw new TypeError("from the loop");
      }).exception();
      return { here, there, error: (error as Error).message };
    });
    assert.deepEqual(answer, { here: false, there: [42, true], error: "from the loop" });
  });
  await pool.shutdown();
});

test("runCoroutineThreadsafe in the loop's own thread is a task", async () => {
  await run(async () => {
    const future = runCoroutineThreadsafe(getLoop(), async (x: number) => sleep(0).then(() => x), 7);
    assert.equal(await future, 7);
    const endless = runCoroutineThreadsafe(getLoop(), () => sleep(Infinity));
    assert.equal(endless.cancel(), true);
    await assert.rejects(async () => endless, CancelledError);
  });
});

test("runCoroutineThreadsafe: a call that is cancelled while its arguments still arrive never begins", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  const arrival = Promise.withResolvers<void>();
  (globalThis as { lateArrival?: Promise<void> }).lateArrival = arrival.promise;
  await run(async () => {
    const loop = getLoop();
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const url = new URL("../programs/late-arrival.ts", import.meta.url).href;
    await runInExecutor(
      pool,
      async (cells: Int32Array, address: string) => {
        const { runCoroutineThreadsafe: call } = await import("spool/asyncio");
        const { reduce: how } = await import("spool/closures");
        const late = { [how]: () => ({ revive: { url: address, name: "arrive" }, state: 1 }) };
        const set = (there: Int32Array, by: number): void => void Atomics.store(there, 0, by);
        call(loop, set, cells, late as never).cancel();
        // Answered after the cancellation was heard, since messages keep their order.
        await call(loop, () => 0);
      },
      begun,
      url,
    );
    arrival.resolve();
    await import("../programs/late-arrival.ts");
    await waitAllBlocked();
    assert.equal(begun[0], 0);
  });
  await pool.shutdown();
});

test("runCoroutineThreadsafe: a call to a loop whose thread is terminated ends", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  const handles = new Queue<EventLoop>();
  const served = pool.submit(async (queue: Queue<EventLoop>) => {
    const { getLoop: here } = await import("spool/asyncio");
    await queue.put(here());
    await new Promise(() => {});
  }, handles);
  const loop = await handles.get();
  const begun = new Event();
  const call = runCoroutineThreadsafe(
    loop,
    async (mark: Event) => {
      mark.set();
      await new Promise(() => {});
    },
    begun,
  );
  await begun.wait();
  await pool.terminate();
  await assert.rejects(call.result(), /StateError: The thread of the event loop has ended/);
  await assert.rejects(served.result());
});

test("runCoroutineThreadsafe: what cannot be shipped throws and keeps no channel open", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  await run(async () => {
    const loop = getLoop();
    const left = await runInExecutor(pool, async () => {
      const { runCoroutineThreadsafe: call } = await import("spool/asyncio");
      const before = process.getActiveResourcesInfo().length;
      try {
        call(loop, (x: unknown) => x, Promise.resolve());
      } catch {
        return process.getActiveResourcesInfo().length - before;
      }
      return "not refused";
    });
    assert.equal(left, 0);
  });
  await pool.shutdown();
});

test("runCoroutineThreadsafe: cancelling the future cancels the task in the loop", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  await run(async () => {
    const loop = getLoop();
    const cancelled = await runInExecutor(pool, async () => {
      const { runCoroutineThreadsafe: call } = await import("spool/asyncio");
      const future = call(loop, async () => {
        const { sleep: nap } = await import("spool/asyncio");
        await nap(Infinity);
      });
      future.cancel();
      return future.cancelled();
    });
    assert.equal(cancelled, true);
  });
  await pool.shutdown();
});
