import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { Pool, ThreadPool } from "spool/multiprocessing";

for (const [name, make] of [
  ["Pool", () => new Pool(2)],
  ["ThreadPool", () => new ThreadPool(2)],
] as const) {
  suite(name, () => {
    test("apply, applyAsync and their callbacks", async () => {
      const pool = make();
      try {
        assert.equal(await pool.apply((a: number, b: number) => a - b, [5, 3]), 2);
        const told: unknown[] = [];
        const good = pool.applyAsync((x: number) => x + 1, [1], { callback: (r) => told.push(r) });
        assert.equal(await good.get({ timeout: 30 }), 2);
        assert.deepEqual([good.ready(), good.successful()], [true, true]);
        const bad = pool.applyAsync(
          () => {
            throw new Error("bad");
          },
          [],
          { errorCallback: (e) => told.push((e as Error).message) },
        );
        await bad.wait();
        assert.equal(bad.successful(), false);
        await assert.rejects(bad.get(), { message: "bad" });
        assert.deepEqual(told, [2, "bad"]);
        const open = pool.applyAsync(() => new Promise<void>(() => {}));
        assert.throws(() => open.successful(), { code: "INVALID_STATE" });
        await assert.rejects(open.get({ timeout: 0 }), { code: "TIMEOUT" });
        pool.terminate();
        await assert.rejects(open.get(), { code: "CANCELLED" });
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("map, starmap, imap and imapUnordered", async () => {
      const pool = make();
      try {
        const inputs = Array.from({ length: 5000 }, (_, i) => i);
        const square = (x: number): number => x * x;
        const squares = inputs.map(square);
        assert.deepEqual(await pool.map(square, inputs), squares);
        assert.deepEqual(await pool.map(square, inputs.values(), { chunkSize: 7 }), squares);
        assert.deepEqual(await pool.mapAsync(square, new Float64Array(inputs)).get(), squares);
        assert.deepEqual(await pool.map((s: string) => s.length, ["a", "bb"]), [1, 2]);
        const add = (a: number, b: number): number => a + b;
        assert.deepEqual(await pool.starmap(add, [[1, 2] as const, [3, 4] as const]), [3, 7]);
        assert.deepEqual(await pool.starmapAsync(add, [[1, 2] as const]), [3]);
        assert.deepEqual(await Array.fromAsync(pool.imap(square, inputs)), squares);
        const unordered = await Array.fromAsync(pool.imapUnordered(square, inputs));
        assert.deepEqual(
          unordered.toSorted((a, b) => a - b),
          squares,
        );
        await assert.rejects(
          pool.map((x: number) => {
            if (x === 4000) throw new Error("at 4000");
          }, inputs),
          { message: "at 4000" },
        );
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("next({ timeout }) gives up on a result that is not there yet and gets it the next time", async () => {
      const pool = make();
      try {
        const results = pool.imap((x: number) => new Promise((r) => setTimeout(() => r(x), x)), [1, 300, 2]);
        assert.deepEqual(await results.next({ timeout: 60 }), { done: false, value: 1 });
        const { signal } = new AbortController();
        const [second, third] = [results.next({ timeout: 0.001 }), results.next({ timeout: 0.001, signal })];
        await assert.rejects(second, { code: "TIMEOUT" });
        await assert.rejects(third, { code: "TIMEOUT" });
        assert.deepEqual(await Array.fromAsync(results), [300, 2]);
        assert.deepEqual(await results.next({ timeout: 1 }), { done: true, value: undefined });
        await assert.rejects(async () => results.next({ timeout: -1 }), { code: "INVALID_ARGUMENT" });
      } finally {
        await pool[Symbol.asyncDispose]();
      }
    });

    test("close finishes what was given, join waits, both in Python's order", async () => {
      const pool = make();
      after(() => pool.terminate());
      const results = [1, 2, 3].map((x) => pool.applyAsync((y: number) => y * 10, [x]));
      await assert.rejects(pool.join(), { code: "INVALID_STATE" });
      pool.close();
      assert.throws(() => pool.applyAsync(() => 1), { code: "INVALID_STATE" });
      await pool.join();
      assert.deepEqual(await Promise.all(results), [10, 20, 30]);
      assert.equal(pool.statistics().workers, 0);
    });
  });
}
