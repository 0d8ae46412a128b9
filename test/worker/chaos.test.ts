import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessPoolExecutor } from "spool/multiprocessing";

/** How many tasks run while workers are killed; the long run is `SPOOL_CHAOS_TASKS=100000`. */
const TASKS = Number(process.env["SPOOL_CHAOS_TASKS"] ?? 20_000);
/** In flight at once. */
const WIDTH = 500;

test("workers killed at random: with retries, every task has exactly one result", async () => {
  const pool = new ProcessPoolExecutor({ maxWorkers: 2 });
  try {
    const retrying = pool.with({ retries: 50 });
    const whoAmI = (x: number): number[] => [x, process.pid];
    const seen = new Uint8Array(TASKS);
    const pids = new Set<number>();
    let killed = 0;
    let next = 0;
    // Eight kills at random moments, each of a worker that has just answered and holds more tasks.
    const moments = new Set(Array.from({ length: 8 }, () => Math.floor(Math.random() * TASKS * 0.9)));
    async function lane(): Promise<void> {
      while (next < TASKS) {
        const i = next++;
        const [x, pid] = (await retrying.submit(whoAmI, i)) as [number, number];
        seen[x]!++;
        pids.add(pid);
        if (moments.has(x) && kill(pid)) killed++;
      }
    }
    await Promise.all(Array.from({ length: WIDTH }, lane));
    assert.ok(killed > 0, "nothing was killed");
    assert.ok(pids.size > 2, "no worker was replaced");
    assert.ok(
      seen.every((count) => count === 1),
      "a task had no result, or two",
    );
    assert.equal(pool.statistics().completed, TASKS);
  } finally {
    await pool[Symbol.asyncDispose]();
  }
});

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
