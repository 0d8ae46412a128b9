import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { scratchFile } from "./support/stores.ts";

/** Workers over threads and over processes, on one SQLite file that the children reach too. */

const { path, dispose } = scratchFile("pools.db");
process.env["SPOOL_TEST_BROKER"] = `sqlite://${path}`;
process.on("exit", dispose);
const { app, add, where, boom, spin, progress, fragile } = await import("./support/pools-app.ts");
const timeout = { timeout: 30 };

for (const pool of ["threads", "processes"] as const) {
  test(`${pool}: tasks run outside this thread, with values, errors, progress and limits`, async () => {
    const worker = app.worker({ pool, concurrency: 2, log: () => {} });
    await worker.start();
    try {
      assert.equal(await add.delay(1, 2).get(timeout), 3);
      const at = await where.delay().get(timeout);
      assert.equal(at.main, pool === "processes");
      assert.equal(at.pid === process.pid, pool === "threads");
      await assert.rejects(boom.delay().get(timeout), RangeError);
      const states: string[] = [];
      for await (const { state } of await progress.delay()) states.push(state);
      assert.equal(states.at(-1), "SUCCESS");
      await assert.rejects(spin.applyAsync([60], { timeLimit: 0.3 }).get(timeout), { code: "TIME_LIMIT" });
      const spinning = await spin.delay(60);
      while ((await app.control.inspect.active({ destination: [worker.node] }))[worker.node]?.length === 0);
      await spinning.revoke({ terminate: true });
      await assert.rejects(spinning.get(timeout), { code: "TASK_REVOKED" });
      assert.equal(await add.delay(3, 4).get(timeout), 7);
    } finally {
      await worker.stop();
      await app.close();
    }
  });
}

test("processes: a task whose process died is run again", async () => {
  const marks = scratchFile("marks");
  const worker = app.worker({ pool: "processes", concurrency: 1, log: () => {} });
  await worker.start();
  try {
    assert.equal(await fragile.delay(marks.path).get(timeout), "survived");
  } finally {
    await worker.stop();
    await app.close();
    marks.dispose();
  }
});

test("the executor over the cluster maps a task over inputs, in order", async () => {
  const worker = app.worker({ log: () => {} });
  await worker.start();
  try {
    const executor = app.executor();
    const sums: number[] = [];
    for await (const sum of executor.map(add, [1, 2, 3], [10, 20, 30])) sums.push(sum);
    assert.deepEqual(sums, [11, 22, 33]);
    assert.equal(await executor.submit(add, 1, 1), 2);
    await assert.rejects(async () => executor.submit(boom), RangeError);
    assert.throws(() => executor.submit(() => 1), { code: "INVALID_ARGUMENT" });
    await executor.shutdown();
  } finally {
    await worker.stop();
    await app.close();
  }
});
