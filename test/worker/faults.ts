import assert from "node:assert/strict";
import type { Executor, Future, SpoolError } from "spool";
import { undecodable } from "./fixtures/undecodable.ts";

export interface Fault {
  readonly name: string;
  readonly cause: (pool: Executor) => Future<unknown>;
  readonly expect: (error: SpoolError) => void;
  /** The fault ends the worker. */
  readonly kills?: boolean;
  readonly only?: "process";
}

/** What can be wrong with a task, and the error that it must end with. */
export const FAULTS: readonly Fault[] = [
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

/** Small, so that the task that runs out of memory is soon done. */
export const LIMITS = { resourceLimits: { maxOldGenerationSizeMb: 24 } };

/** The error that the fault ends with; it may show in `submit` itself or in the future. */
export async function attempt(
  cause: () => Future<unknown>,
  options: { readonly timeout: number },
): Promise<unknown> {
  try {
    await cause().result(options);
  } catch (error) {
    return error;
  }
  return assert.fail("no error");
}
