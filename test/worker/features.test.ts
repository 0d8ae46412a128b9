import "../support/leaks.ts";
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { threadId } from "node:worker_threads";
import { type ProcessPoolExecutorOptions, QueueFullError } from "spool";
import * as multiprocessing from "spool/multiprocessing";
import * as threading from "spool/threading";
import { suitePerTransport } from "../support/transports.ts";
import { requestId } from "./fixtures/context.ts";

type Options = ProcessPoolExecutorOptions;
const WAIT = { timeout: 60 };

for (const [kind, Pool, Event] of [
  ["thread", threading.ThreadPoolExecutor, threading.Event],
  ["process", multiprocessing.ProcessPoolExecutor, multiprocessing.Event],
] as const) {
  const make = (options: Options = {}): threading.ThreadPoolExecutor | multiprocessing.ProcessPoolExecutor =>
    new Pool({ maxWorkers: 1, ...options });
  const whoAmI = (): string => `${process.pid}/${threadId}`;

  suitePerTransport(`a pool of ${kind}s`, () => {
    test("a timeout counts from the start on the worker, not from submit", async () => {
      const pool = make();
      try {
        const before = pool.submit(() => {
          const end = performance.now() + 1500;
          while (performance.now() < end);
        });
        const waited = pool.with({ timeout: 1.2 }).submit(() => "in time");
        await before;
        assert.equal(await waited, "in time");
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("tasks start in the order of submission, higher priorities first", async () => {
      const pool = make({
        initializer: () => {
          (globalThis as { order?: number[] }).order = [];
        },
      });
      try {
        const note = (x: number): number => (globalThis as unknown as { order: number[] }).order.push(x);
        const all = Array.from({ length: 50 }, (_, i) => pool.submit(note, i));
        all.push(
          pool.with({ priority: 5 }).submit(note, 1000),
          pool.with({ priority: -5 }).submit(note, -1000),
        );
        await Promise.all(all);
        const order = await pool.submit(() => (globalThis as unknown as { order: number[] }).order);
        assert.deepEqual(order, [1000, ...Array.from({ length: 50 }, (_, i) => i), -1000]);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("runOnAll reaches every worker once; the initializer has run in each", async () => {
      const pool = make({
        maxWorkers: 2,
        initializer: (word: string) => {
          (globalThis as { word?: string }).word = word;
        },
        initArgs: ["ready"],
      });
      try {
        const seen = await pool.runOnAll(() => `${process.pid}/${(globalThis as { word?: string }).word}`);
        assert.equal(seen.length, 2);
        assert.ok(seen.every((text) => text.endsWith("/ready")));
        assert.equal(new Set(await pool.runOnAll(whoAmI)).size, 2);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("maxTasksPerChild replaces workers; idleTimeout ends them", async () => {
      const pool = make({ maxTasksPerChild: 2, idleTimeout: 0.01 });
      try {
        const names = new Set<string>();
        for (let i = 0; i < 4; i++) names.add(await pool.submit(whoAmI));
        assert.equal(names.size, 2);
        await pool.submit(whoAmI);
        while (pool.statistics().workers > 0) await new Promise((resolve) => setImmediate(resolve));
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("queueLimit refuses at submit", async () => {
      const pool = make({ queueLimit: 2 });
      try {
        const accepted = [1, 2].map((x) => pool.submit((y: number) => y, x));
        assert.throws(() => pool.submit(() => 3), QueueFullError);
        assert.deepEqual(await Promise.all(accepted), [1, 2]);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("async tasks share a worker up to concurrencyPerWorker", async () => {
      const pool = make({ concurrencyPerWorker: 5 });
      try {
        // Each waits until all five are there: fewer at once would never end.
        const meet = async (): Promise<number> => {
          const g = globalThis as { here?: number };
          g.here = (g.here ?? 0) + 1;
          while (g.here < 5) await new Promise((resolve) => setImmediate(resolve));
          return g.here;
        };
        const all = Array.from({ length: 5 }, () => pool.submit(meet).result(WAIT));
        assert.deepEqual(await Promise.all(all), [5, 5, 5, 5, 5]);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("a hanging async task is given up, and the one beside it is unharmed", async () => {
      const pool = make({ concurrencyPerWorker: 2 });
      try {
        const name = await pool.submit(whoAmI);
        const hanging = pool.submit(() => new Promise<never>(() => {}));
        const begun = new Event();
        const beside = pool.submit(async (begun: { set(): void }) => {
          begun.set();
          while (!(globalThis as { go?: boolean }).go) await new Promise((resolve) => setImmediate(resolve));
          return `${process.pid}/${(await import("node:worker_threads")).threadId}`;
        }, begun);
        await begun.wait();
        hanging.cancel();
        assert.equal(
          await pool.submit(() => ((globalThis as { go?: boolean }).go = true)).result(WAIT),
          true,
        );
        assert.equal(await beside.result(WAIT), name);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("timing says where a task's time went", async () => {
      const pool = make({ name: "timed" });
      try {
        const task = pool.with({ timing: true }).submit(() => {
          const end = performance.now() + 20;
          while (performance.now() < end);
        });
        await task;
        const { waited, ran, total, worker } = task.timing!;
        assert.ok(ran >= 0.019 && total >= ran && waited >= 0, JSON.stringify(task.timing));
        assert.equal(worker, "timed_0");
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("context: what AsyncLocalStorage holds at submit holds in the worker", async () => {
      const pool = make({
        context: {
          capture: () => requestId.getStore(),
          restore: (value: string, task) => requestId.run(value, task),
        },
      });
      try {
        const read = async (): Promise<string | undefined> => {
          await Promise.resolve();
          return requestId.getStore();
        };
        const [a, b] = ["a", "b"].map((id) => requestId.run(id, () => pool.submit(read)));
        assert.deepEqual([await a, await b, await pool.submit(read)], ["a", "b", undefined]);
        assert.ok(requestId instanceof AsyncLocalStorage);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("a stream stays a bounded distance ahead of its reader, ends by break and by error", async () => {
      const pool = make();
      try {
        const stream = await pool.submit(function* () {
          const g = globalThis as { made?: number; closed?: boolean };
          g.made = 0;
          try {
            for (;;) yield g.made++;
          } finally {
            g.closed = true;
          }
        });
        let read = 0;
        for await (const item of stream) {
          assert.equal(item, read++);
          if (read === 50) break;
        }
        const left = await pool
          .submit(() => [
            (globalThis as { made?: number }).made!,
            (globalThis as { closed?: boolean }).closed!,
          ])
          .result(WAIT);
        assert.ok((left[0] as number) <= 50 + 16, `made ${left[0]}`);
        assert.equal(left[1], true);
        const failing = await pool.submit(async function* () {
          yield 1;
          throw new RangeError("after one");
        });
        assert.deepEqual(await failing.next(), { done: false, value: 1 });
        await assert.rejects(failing.next(), { name: "RangeError", message: "after one" });
        assert.equal((await failing.next()).done, true);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("a pool inside a worker", async () => {
      const pool = make();
      try {
        const nested = async (): Promise<number> => {
          const { ThreadPoolExecutor: Inner } = await import("spool/threading");
          const inner = new Inner({ maxWorkers: 1 });
          const result = await inner.submit((x: number) => x * 2, 21);
          await inner.shutdown();
          return result;
        };
        assert.equal(await pool.submit(nested).result(WAIT), 42);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("an error after the result kills its worker and no later task; it is reported", async () => {
      const pool = make();
      try {
        const warned = new Promise<Error>((resolve) => {
          process.on("warning", function report(warning) {
            if (warning.name !== "SpoolWarning") return;
            process.off("warning", report);
            resolve(warning);
          });
        });
        // An idle pool holds nothing, and this test waits for news from one.
        const holding = setInterval(() => {}, 2 ** 30);
        await pool.submit(() => {
          setTimeout(() => {
            throw new Error("too late");
          }, 5);
        });
        if (kind === "thread") assert.match((await warned).message, /too late/);
        clearInterval(holding);
        assert.equal(await pool.submit(() => 1).result(WAIT), 1);
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("many tasks submitted before the worker is up all arrive", async () => {
      const pool = make();
      try {
        const all = Array.from({ length: 2000 }, (_, i) => pool.submit((x: number) => x, i));
        assert.deepEqual(
          await Promise.all(all),
          all.map((_, i) => i),
        );
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });
  });
}

test("a number of workers, as in Python, is told where it belongs", () => {
  for (const Pool of [threading.ThreadPoolExecutor, multiprocessing.ProcessPoolExecutor])
    assert.throws(() => new Pool(4 as never), {
      code: "INVALID_ARGUMENT",
      message: /`options` must be an object, such as { maxWorkers: 4 }, got 4/,
    });
});

test("a stuck worker holds up nothing that another could run, even behind it", async () => {
  const pool = new threading.ThreadPoolExecutor({ maxWorkers: 2 });
  try {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const work = (x: number, word?: Int32Array): number => {
      if (word !== undefined) Atomics.wait(word, 0, 0);
      return x;
    };
    // The function is known to be tiny, so that tasks are sent ahead; then one of them blocks.
    for (let i = 0; i < 500; i++) await pool.submit(work, i);
    const blocked = pool.submit(work, -1, gate);
    const short = Array.from({ length: 2000 }, (_, i) => pool.submit(work, i));
    await Promise.all(short);
    assert.equal(blocked.done(), false);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    assert.equal(await blocked, -1);
  } finally {
    await pool[Symbol.asyncDispose]();
  }
});

test("transfer moves, SharedArrayBuffer shares", async () => {
  const pool = new threading.ThreadPoolExecutor({ maxWorkers: 1 });
  try {
    const moved = new Float64Array([1, 2, 3]);
    const sum = pool
      .with({ transfer: [moved.buffer] })
      .submit((a: Float64Array) => a.reduce((x, y) => x + y), moved);
    assert.equal(await sum, 6);
    assert.equal(moved.byteLength, 0);
    const shared = new Int32Array(new SharedArrayBuffer(8));
    await pool.submit((a: Int32Array) => void Atomics.add(a, 1, 5), shared);
    assert.equal(shared[1], 5);
  } finally {
    await pool[Symbol.asyncDispose]();
  }
});
