import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { type Executor, type Future, SpoolError } from "spool";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";
import { undecodable } from "./fixtures/undecodable.ts";

interface Fault {
  readonly name: string;
  readonly cause: (pool: Executor) => Future<unknown>;
  readonly expect: (error: SpoolError) => void;
  /** The fault ends the worker. */
  readonly kills?: boolean;
  readonly only?: "process";
}

/** What can be wrong with a task, and the error that it must end with. */
const FAULTS: readonly Fault[] = [
  {
    name: "throw",
    cause: (pool) =>
      pool.submit(() => {
        throw Object.assign(new RangeError("thrown"), { detail: 7 });
      }),
    expect: (error) => {
      assert.equal(error.name, "RangeError");
      assert.equal((error as unknown as { detail: number }).detail, 7);
    },
  },
  {
    name: "throw something that is no error",
    cause: (pool) =>
      pool.submit(() => {
        throw "text";
      }),
    expect: (error) => assert.equal(error as unknown, "text"),
  },
  {
    name: "exit",
    kills: true,
    cause: (pool) => pool.submit(() => process.exit(7)),
    expect: (error) => assert.deepEqual(broken(error), { reason: "exit", exitCode: 7, signal: null }),
  },
  {
    name: "uncaught error beside a task",
    kills: true,
    cause: (pool) =>
      pool.submit(
        () =>
          new Promise(() => {
            setTimeout(() => {
              throw new Error("late");
            }, 0);
          }),
      ),
    expect: (error) => assert.match(broken(error).reason, /crash|exit/),
  },
  {
    name: "segfault",
    only: "process",
    kills: true,
    cause: (pool) => pool.submit(() => process.kill(process.pid, "SIGSEGV")),
    expect: (error) =>
      assert.deepEqual(broken(error), { reason: "crash", exitCode: null, signal: "SIGSEGV" }),
  },
  {
    name: "process.abort",
    only: "process",
    kills: true,
    cause: (pool) => pool.submit(() => process.abort()),
    expect: (error) =>
      assert.deepEqual(broken(error), { reason: "crash", exitCode: null, signal: "SIGABRT" }),
  },
  {
    name: "out of memory",
    kills: true,
    cause: (pool) =>
      pool.submit(() => {
        let hoard: unknown;
        for (;;) hoard = { hoard, more: [1, 2, 3, 4] };
      }),
    expect: (error) => assert.match(error.message, /out of memory/),
  },
  {
    name: "hang with a timeout, busy",
    kills: true,
    cause: (pool) =>
      pool.with({ timeout: 0.05 }).submit(() => {
        for (;;);
      }),
    expect: (error) => assert.equal(error.code, "TIMEOUT"),
  },
  {
    name: "hang with a timeout, awaiting",
    cause: (pool) => pool.with({ timeout: 0.05 }).submit(() => new Promise(() => {})),
    expect: (error) => assert.equal(error.code, "TIMEOUT"),
  },
  {
    name: "unserialisable argument",
    cause: (pool) => pool.submit((x: unknown) => x, new WeakRef({})),
    expect: (error) => assert.match(error.code, /SERIALIZATION|CAPTURE/),
  },
  {
    name: "unserialisable result",
    cause: (pool) => pool.submit(() => new WeakRef({})),
    expect: (error) => assert.match(error.code, /SERIALIZATION|CAPTURE/),
  },
  {
    name: "argument that fails to decode",
    cause: (pool) => pool.submit((x: unknown) => x, undecodable()),
    expect: (error) => assert.match(error.message, /it arrived broken/),
  },
  {
    name: "result that fails to decode",
    cause: (pool) => pool.submit(() => undecodable()),
    expect: (error) => {
      assert.equal(error.code, "SERIALIZATION");
      assert.match(error.message, /it arrived broken/);
    },
  },
];

function broken(error: SpoolError): { reason: string; exitCode: unknown; signal: unknown } {
  assert.match(error.code, /^BROKEN_(THREAD|PROCESS)_POOL$/);
  const { reason, exitCode, signal } = error as SpoolError & {
    reason: string;
    exitCode: unknown;
    signal: unknown;
  };
  return { reason, exitCode, signal };
}

/** Generous: it only bounds how long a defect can hang the suite. */
const WAIT = { timeout: 30 };

for (const [kind, Pool] of [
  ["thread", ThreadPoolExecutor],
  ["process", ProcessPoolExecutor],
] as const) {
  suite(`faults in a ${kind}`, () => {
    let pool: Executor;
    before(async () => {
      pool = new Pool({ maxWorkers: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } });
      await pool.submit(() => 1);
      // Only now may the leak check take its first look: the worker is there, and its guard.
      while (kind === "process" && children() < 2) await new Promise((resolve) => setImmediate(resolve));
    });
    after(() => pool.shutdown());

    for (const fault of FAULTS) {
      if (fault.only !== undefined && fault.only !== kind) continue;
      test(fault.name, async () => {
        const future = attempt(() => fault.cause(pool));
        const innocent = pool.submit((x: number) => x + 1, 1);
        const error = await future.then(
          () => assert.fail("no error"),
          (e: unknown) => e,
        );
        fault.expect(error as SpoolError);
        assert.equal(await innocent.result(WAIT), 2, "a task queued behind it is served");
        assert.equal(await pool.submit(() => "next").result(WAIT), "next");
        const { running, queued } = pool.statistics();
        assert.deepEqual({ running, queued }, { running: 0, queued: 0 });
      });
    }
  });
}

function children(): number {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).length;
}

/** A fault may show in `submit` itself or in the future. */
async function attempt(cause: () => Future<unknown>): Promise<unknown> {
  return cause().result(WAIT);
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
