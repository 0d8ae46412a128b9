import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ExceptionGroup } from "spool/asyncio";
import { type VirtualClock, withVirtualClock } from "spool/testing";

export { assert };

/** A test under a virtual clock that jumps whenever everything is blocked. */
export function vtest(name: string, fn: (clock: VirtualClock) => Promise<void>): void {
  test(name, () => withVirtualClock(fn));
}

/** What `promise` rejects with; fails if it does not. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<any> {
  return Promise.resolve(promise).then(
    (value) => assert.fail(`expected a rejection, got ${String(value)}`),
    (error: unknown) => error,
  );
}

/** The messages in an ExceptionGroup, in order. */
export async function groupErrors(promise: PromiseLike<unknown>): Promise<string[]> {
  const error = await errorOf(promise);
  assert.ok(error instanceof ExceptionGroup, `expected an ExceptionGroup, got ${String(error)}`);
  return error.leaves.map((leaf) => (leaf as Error).message);
}

export class Boom extends Error {}

/** An async function that fails after `seconds`. */
export function failing(message: string): () => Promise<never> {
  return async function fail() {
    throw new Boom(message);
  };
}

/** Runs `fn` and gives the process warnings of this package that came up meanwhile. */
export async function warningsDuring(fn: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  const listen = (warning: Error): void => void seen.push(`${warning.name}: ${warning.message}`);
  process.on("warning", listen);
  try {
    await fn();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeListener("warning", listen);
  }
  return seen;
}
