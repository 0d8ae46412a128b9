import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";
import { cases } from "../closures/cases.ts";

for (const Pool of [ThreadPoolExecutor, ProcessPoolExecutor]) {
  test(`every case of shipped functions, through ${Pool.name}`, async () => {
    await using pool = new Pool({ maxWorkers: 1 });
    const wrong: string[] = [];
    for (const { group, name, make } of cases) {
      const { fn, args = [], result } = make();
      try {
        const got = await collected(await pool.submit(fn as (...args: unknown[]) => unknown, ...args));
        if (typeof result === "function") assert.ok(await result(got), `got ${String(got)}`);
        else assert.deepStrictEqual(got, result);
      } catch (error) {
        wrong.push(`${group}: ${name}: ${String((error as Error).stack)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

/** The table's generators give arrays; here they stream. */
async function collected(value: unknown): Promise<unknown> {
  const streams = typeof (value as AsyncIterator<unknown> | null)?.next === "function";
  return streams ? Array.fromAsync(value as AsyncIterable<unknown>) : value;
}

test("the first file that anyone writes works as it is", async () => {
  const program = join(import.meta.dirname, "programs", "first.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["-C", "spool-source", program], {
    timeout: 120_000,
  });
  assert.equal(stdout, "3\n6\n9\n3\n6\n9\n");
});
