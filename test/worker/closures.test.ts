import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ProcessPoolExecutor, ThreadPoolExecutor } from "spool";
import { cases, check } from "../closures/cases.ts";

const executors = { ThreadPoolExecutor, ProcessPoolExecutor };

for (const [name, Executor] of Object.entries(executors)) {
  test(`every closure case, by ${name}`, async (t) => {
    const pool = new Executor({ maxWorkers: 1 });
    try {
      // The worker must be there before the first case looks for leaks.
      await pool.submit(() => 0);
      for (const item of cases)
        await t.test(`${item.group}: ${item.name}`, () =>
          check(item, async (fn, args = []) => await collected(await pool.submit(fn as never, ...args))),
        );
    } finally {
      await pool.shutdown();
    }
  });
}

/** Generators stream back; a case compares what they yield. */
async function collected(result: unknown): Promise<unknown> {
  const isStream = typeof result === "object" && result !== null && Symbol.asyncIterator in result;
  return isStream ? await Array.fromAsync(result as AsyncIterable<unknown>) : result;
}

for (const [name, Executor] of Object.entries(executors)) {
  test(`instances and errors are of the caller's classes under a loader that gives \`require\` other modules: ${name}`, async () => {
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    class Refusal extends Error {}
    const hooks = join(import.meta.dirname, "fixtures", "no-require.mjs");
    const pool = new Executor({ maxWorkers: 1, execArgv: ["-C", "spool-source", "--import", hooks] });
    try {
      assert.ok((await pool.submit((x: number) => new Point(x), 3)) instanceof Point);
      const refused = pool.submit(() => {
        throw new Refusal("no");
      });
      assert.ok((await refused.exception()) instanceof Refusal);
    } finally {
      await pool.shutdown();
    }
  });
}

test("a task whose module the workers cannot import is sent again by value", async () => {
  const program = join(import.meta.dirname, "programs", "by-value.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["-C", "spool-source", program]);
  assert.equal(stdout, "2,4,6 2,4,6 RangeError: own\n".repeat(2));
});
