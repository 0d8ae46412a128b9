import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelledError, type Executor, type Progress, asCompleted, taskSignal, wait } from "spool/futures";

/** What the executor under test can do beyond the least. */
export interface ContractOptions {
  /** Runs tasks elsewhere, so that a busy one can be stopped and values are copied. */
  readonly remote: boolean;
  /** Runs a task inside `submit`, so that nothing ever waits. */
  readonly inline?: boolean;
}

/** The promises of the Executor contract, as tests over whatever makes one. One worker unless a test asks for more. */
export function executorContract(make: (maxWorkers?: number) => Executor, options: ContractOptions): void {
  test("submit gives the result, of plain and of async functions", async () => {
    const pool = make();
    try {
      assert.equal(await pool.submit((a: number, b: number) => a + b, 1, 2), 3);
      assert.equal(await pool.submit(async (s: string) => s.toUpperCase(), "a"), "A");
      assert.deepEqual(await pool.submit(() => ({ list: [1, 2], map: new Map([[1, "x"]]) })), {
        list: [1, 2],
        map: new Map([[1, "x"]]),
      });
      assert.equal(await pool.submit(() => undefined), undefined);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("submit passes on what was thrown, and the executor goes on", async () => {
    const pool = make();
    try {
      const failed = pool.submit(() => {
        throw new RangeError("too far");
      });
      await assert.rejects(async () => failed, { name: "RangeError", message: "too far" });
      assert.equal(failed.failed(), true);
      await assert.rejects(async () => pool.submit(async () => Promise.reject(new TypeError("no"))), {
        name: "TypeError",
      });
      assert.equal(await pool.submit(() => 1), 1);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("map gives results in the order of inputs, for arrays, generators and async generators", async () => {
    const pool = make(2);
    try {
      const triple = (x: number): number => x * 3;
      const expected = Array.from({ length: 100 }, (_, i) => i * 3);
      const inputs = Array.from({ length: 100 }, (_, i) => i);
      assert.deepEqual(await Array.fromAsync(pool.map(triple, inputs)), expected);
      assert.deepEqual(await Array.fromAsync(pool.map(triple, inputs.values())), expected);
      assert.deepEqual(await Array.fromAsync(pool.map(triple, asyncly(inputs))), expected);
      assert.deepEqual(await Array.fromAsync(pool.map(async (x: number) => triple(x), [])), []);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("map zips several iterables to the shortest", async () => {
    const pool = make();
    try {
      const sums = pool.map((a: number, b: number) => a + b, [1, 2, 3], new Set([10, 20]));
      assert.deepEqual(await Array.fromAsync(sums), [11, 22]);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("map out of order gives every result", async () => {
    const pool = make(2);
    try {
      const results = await Array.fromAsync(
        pool.map((x: number) => x, Array.from({ length: 50 }, (_, i) => i).values(), { ordered: false }),
      );
      assert.deepEqual(
        results.toSorted((a, b) => a - b),
        Array.from({ length: 50 }, (_, i) => i),
      );
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("map over an endless input takes a bounded number ahead, and closes it when the reader leaves", async () => {
    const pool = make();
    try {
      let taken = 0;
      let closed = false;
      function* endless(): Generator<number> {
        try {
          for (;;) yield taken++;
        } finally {
          closed = true;
        }
      }
      for await (const y of pool.map((x: number) => x, endless(), { buffer: 10 })) if (y === 20) break;
      assert.ok(taken <= 21 + 10, `took ${taken}`);
      assert.equal(closed, true);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("map ends at the first error, after the results before it", async () => {
    const pool = make();
    try {
      const seen: number[] = [];
      const failing = (x: number): number => {
        if (x === 3) throw new Error("three");
        return x;
      };
      await assert.rejects(
        async () => {
          for await (const y of pool.map(failing, [1, 2, 3, 4])) seen.push(y);
        },
        { message: "three" },
      );
      assert.deepEqual(seen, [1, 2]);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("map reports progress, and an input that throws ends it with that error", async () => {
    const pool = make();
    try {
      const reports: Progress[] = [];
      await Array.fromAsync(pool.map((x: number) => x, [1, 2, 3], { onProgress: (p) => reports.push(p) }));
      assert.deepEqual({ ...reports.at(-1)!, elapsed: 0 }, { done: 3, total: 3, failed: 0, elapsed: 0 });
      function* broken(): Generator<number> {
        yield 1;
        throw new Error("input");
      }
      await assert.rejects(Array.fromAsync(pool.map((x: number) => x, broken())), { message: "input" });
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("wait and asCompleted take its futures", async () => {
    const pool = make(2);
    try {
      const futures = [1, 2, 3].map((x) => pool.submit((y: number) => y, x));
      const seen = new Set<number>();
      for await (const future of asCompleted(futures)) seen.add(await future);
      assert.deepEqual([...seen].toSorted(), [1, 2, 3]);
      const { done, pending } = await wait(futures);
      assert.deepEqual([done.size, pending.size], [3, 0]);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("a generator streams back", async () => {
    const pool = make();
    try {
      const stream = await pool.submit(function* (n: number) {
        for (let i = 0; i < n; i++) yield i;
      }, 100);
      assert.deepEqual(
        await Array.fromAsync(stream),
        Array.from({ length: 100 }, (_, i) => i),
      );
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("a task can ask for its signal, and ends by it", async () => {
    const pool = make();
    try {
      const controller = new AbortController();
      const task = pool
        .with({ signal: controller.signal })
        .submit(
          async () =>
            new Promise((_, reject) =>
              taskSignal().addEventListener("abort", () => reject(new Error("ended by signal"))),
            ),
        );
      controller.abort();
      await assert.rejects(async () => task, { name: "AbortError" });
      assert.equal(await pool.submit(() => 5), 5);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  test("shutdown waits for what was submitted, refuses more, and is idempotent", async () => {
    const pool = make();
    const futures = [1, 2, 3, 4].map((x) => pool.submit((y: number) => y * 2, x));
    await pool.shutdown();
    assert.ok(futures.every((future) => future.done()));
    assert.deepEqual(await Promise.all(futures), [2, 4, 6, 8]);
    assert.throws(() => pool.submit(() => 1), { code: "INVALID_STATE" });
    await pool.shutdown();
    assert.deepEqual(
      (({ submitted, completed, running, queued }) => ({ submitted, completed, running, queued }))(
        pool.statistics(),
      ),
      { submitted: 4, completed: 4, running: 0, queued: 0 },
    );
  });

  test("shutdown with cancelFutures cancels what has not started", { skip: options.inline }, async () => {
    const pool = make();
    const futures = Array.from({ length: 300 }, () =>
      pool.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }),
    );
    await pool.shutdown({ cancelFutures: true });
    assert.ok(futures.every((future) => future.done()));
    assert.ok(futures.at(-1)!.cancelled());
  });

  test("wrong arguments are refused at the border", async () => {
    const pool = make();
    try {
      assert.throws(() => pool.submit(3 as never), { code: "INVALID_ARGUMENT" });
      assert.throws(() => pool.map((x: number) => x, 3 as never), { code: "INVALID_ARGUMENT" });
      assert.throws(() => pool.with({ timeout: -1 }), { code: "INVALID_ARGUMENT" });
      assert.throws(() => pool.with({ retries: 1.5 }), { code: "INVALID_ARGUMENT" });
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });

  if (options.remote) remoteContract(make);
}

/** What only holds where the work runs in other threads or processes. */
function remoteContract(make: (maxWorkers?: number) => Executor): void {
  test("a busy loop is stopped by cancel, by signal and by timeout; others are unharmed", async () => {
    const pool = make();
    try {
      const busy = pool.submit(() => {
        for (;;);
      });
      const next = pool.submit(() => "next");
      await untilRunning(pool);
      assert.equal(busy.cancel(), true);
      await assert.rejects(async () => busy, CancelledError);
      assert.equal(await next, "next");
      await assert.rejects(
        async () =>
          pool.with({ timeout: 0.05 }).submit(() => {
            for (;;);
          }),
        { code: "TIMEOUT" },
      );
      assert.equal(await pool.submit(() => "after"), "after");
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });
}

async function untilRunning(pool: Executor): Promise<void> {
  while (pool.statistics().running === 0) await new Promise((resolve) => setImmediate(resolve));
}

async function* asyncly<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
