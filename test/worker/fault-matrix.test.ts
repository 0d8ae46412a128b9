import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type Executor, SpoolError } from "spool";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";
import { suitePerTransport } from "../support/transports.ts";
import { FAULTS, LIMITS, attempt } from "./faults.ts";

/** Generous: it only bounds how long a defect can hang the suite. */
const WAIT = { timeout: 30 };

for (const [kind, Pool] of [
  ["thread", ThreadPoolExecutor],
  ["process", ProcessPoolExecutor],
] as const) {
  suitePerTransport(`faults in a ${kind}`, () => {
    let pool: Executor;
    before(async () => {
      pool = new Pool({ maxWorkers: 1, ...LIMITS });
      await pool.submit(() => 1);
      await whole(kind);
    });
    after(() => pool.shutdown());

    for (const fault of FAULTS) {
      if (fault.only !== undefined && fault.only !== kind) continue;
      test(fault.name, async () => {
        const future = attempt(() => fault.cause(pool), WAIT);
        const innocent = pool.submit((x: number) => x + 1, 1);
        fault.expect((await future) as SpoolError);
        assert.equal(await innocent.result(WAIT), 2, "a task queued behind it is served");
        assert.equal(await pool.submit(() => "next").result(WAIT), "next");
        const { running, queued } = pool.statistics();
        assert.deepEqual({ running, queued }, { running: 0, queued: 0 });
        await whole(kind);
      });
    }
  });
}

/**
 * Only then may the leak check take its look: the worker is there, and its guard, which comes a moment after the first
 * worker, and again after the only one has died.
 */
async function whole(kind: "thread" | "process"): Promise<void> {
  while (kind === "process" && children() < 2) await new Promise((resolve) => setImmediate(resolve));
}

function children(): number {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).length;
}

test("a segfault in a thread ends the whole program, by its nature; process.abort there is refused by Node", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  try {
    const error = await pool.submit(() => process.abort()).exception(WAIT);
    assert.equal((error as NodeJS.ErrnoException).name, "TypeError");
    const program = `
    import { ThreadPoolExecutor } from "spool/threading";
    const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
    await pool.submit(() => process.kill(process.pid, "SIGSEGV"));`;
    const args = ["-C", "spool-source", "--input-type=module", "-e", program];
    await assert.rejects(promisify(execFile)(process.execPath, args, { timeout: 60_000 }), {
      signal: "SIGSEGV",
    });
  } finally {
    await pool[Symbol.asyncDispose]();
  }
});

test('brokenPolicy "strict" breaks the executor for good, as in Python', async () => {
  for (const Pool of [ThreadPoolExecutor, ProcessPoolExecutor]) {
    const pool = new Pool({ maxWorkers: 1, brokenPolicy: "strict" });
    try {
      const crash = pool.submit(() => process.exit(1));
      const innocent = pool.submit(() => 1);
      await assert.rejects(crash.result(WAIT), { code: /^BROKEN_/ });
      await assert.rejects(innocent.result(WAIT), { code: /^BROKEN_/ });
      assert.throws(() => pool.submit(() => 1), { code: /^BROKEN_/ });
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  }
});

test("an initializer that throws breaks the executor with its error as the cause", async () => {
  for (const Pool of [ThreadPoolExecutor, ProcessPoolExecutor]) {
    const pool = new Pool({
      maxWorkers: 2,
      initializer: () => {
        throw new Error("no licence");
      },
    });
    try {
      const error = await pool.submit(() => 1).exception(WAIT);
      assert.equal((error as SpoolError & { reason: string }).reason, "start");
      assert.match(String((error as Error).cause), /no licence/);
      assert.throws(() => pool.submit(() => 1), SpoolError);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  }
});
