import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { type Profile, profileExecutor } from "spool/profile";
import { ThreadPoolExecutor } from "spool/threading";

function grind(seconds: number): number {
  let sum = 0;
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) sum = (sum * 31 + 1) | 0;
  return sum;
}

type Pool = ThreadPoolExecutor | ProcessPoolExecutor;

/** Profiles a pool whose workers are at work all the while. */
async function profileAtWork(pool: Pool): Promise<Profile> {
  let over = false;
  const profile = pool.profile({ duration: 1, rate: 500, timeout: 30 }).finally(() => (over = true));
  while (!over) await Promise.all(pool.workers().map(() => pool.submit(grind, 0.1)));
  return profile;
}

const POOLS: Record<string, (maxWorkers: number) => Pool> = {
  threads: (maxWorkers) => new ThreadPoolExecutor({ maxWorkers }),
  processes: (maxWorkers) => new ProcessPoolExecutor({ maxWorkers }),
};

for (const [kind, make] of Object.entries(POOLS)) {
  test(`executor.profile() records all workers of that pool of ${kind}, and nobody else`, async () => {
    const [pool, other] = [make(2), make(1)];
    try {
      await Promise.all([pool.runOnAll(() => 1), other.runOnAll(() => 1)]);
      const profile = await profileAtWork(pool);
      const ident = kind === "threads" ? "thread" : "pid";
      const own = pool.workers().map((worker) => worker.ident);
      assert.deepEqual(profile.threads.map((t) => t[ident]).sort(), own.sort());
      const ground = profile.samples.filter(({ stack }) => stack.some(({ name }) => name === "grind"));
      assert.ok(ground.length > 0);
      assert.ok(ground.every(({ thread }) => own.includes(thread[ident])));
    } finally {
      await Promise.all([pool.shutdown(), other.shutdown()]);
    }
  });
}

test("a pool without workers says what to do", async () => {
  const pool = new ThreadPoolExecutor();
  try {
    await assert.rejects(pool.profile(), { code: "PROFILER", message: /submit work first/ });
    await assert.rejects(profileExecutor(pool), { code: "PROFILER" });
  } finally {
    await pool.shutdown();
  }
});
