import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  Future,
  InvalidStateError,
  asCompleted,
  wait,
} from "spool/futures";

function three(): [Future<number>, Future<number>, Future<number>] {
  return [new Future<number>(), new Future<number>(), new Future<number>()];
}

test("wait ends at the first completed, the first exception, or when all are", async () => {
  const [a, b, c] = three();
  const first = wait([a, b, c], { returnWhen: FIRST_COMPLETED });
  const exception = wait([a, b, c], { returnWhen: FIRST_EXCEPTION });
  const all = wait([a, b, c], { returnWhen: ALL_COMPLETED });
  a.setResult(1);
  assert.deepEqual([...(await first).done], [a]);
  b.setException(new Error("b"));
  assert.deepEqual(await exception, { done: new Set([a, b]), pending: new Set([c]) });
  c.cancel();
  assert.equal((await all).pending.size, 0);
  assert.equal((await wait([a, b, c], { returnWhen: FIRST_COMPLETED })).done.size, 3);
  await assert.rejects(async () => b, { message: "b" });
});

test("wait gives up by timeout without an error and by signal with one", async () => {
  const [a] = three();
  assert.deepEqual(await wait([a], { timeout: 0 }), { done: new Set(), pending: new Set([a]) });
  await assert.rejects(wait([a], { signal: AbortSignal.abort(new Error("enough")) }), { message: "enough" });
  await assert.rejects(wait([3 as never]), { code: "INVALID_ARGUMENT" });
  assert.equal((await wait([])).done.size, 0);
});

test("asCompleted yields futures in the order of their end, and gives up by timeout", async () => {
  const [a, b, c] = three();
  a.setResult(1);
  const iterator = asCompleted([a, b, c]);
  assert.equal((await iterator.next()).value, a);
  const next = iterator.next();
  c.setResult(3);
  assert.equal((await next).value, c);
  b.setResult(2);
  assert.equal((await iterator.next()).value, b);
  assert.equal((await iterator.next()).done, true);
  const open = new Future<number>();
  await assert.rejects(asCompleted([open], { timeout: 0 }).next(), { code: "TIMEOUT" });
});

test("a callback is called once, at once when done, and can be taken back", async () => {
  const future = new Future<number>();
  const calls: string[] = [];
  const never = (): void => void calls.push("never");
  future.addDoneCallback(() => calls.push("early"));
  future.addDoneCallback(never);
  future.removeDoneCallback(never);
  future.setResult(1);
  future.addDoneCallback(() => calls.push("late"));
  assert.deepEqual(calls, ["early", "late"]);
  assert.deepEqual(future.outcome(), { ok: true, value: 1 });
  assert.equal(future.cancel(), false);
  assert.throws(() => future.setRunningOrNotifyCancel(), InvalidStateError);
});
