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

test("a task whose module the workers cannot import is sent again by value", async () => {
  const program = join(import.meta.dirname, "programs", "by-value.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["-C", "spool-source", program]);
  assert.equal(stdout, "2,4,6 2,4,6 RangeError: own\n".repeat(2));
});
