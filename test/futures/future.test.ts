import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelledError, Future, InvalidStateError, TimeoutError } from "spool/futures";

test("a future that has a result gives it to everyone who waits, before and after", async () => {
  const future = new Future<number>();
  const early = future.result({ timeout: 5 });
  assert.equal(future.setRunningOrNotifyCancel(), true);
  future.setResult(3);
  assert.deepEqual([await early, await future, await future.exception()], [3, 3, null]);
});

test("waiting gives up by timeout and by signal without touching the future", async () => {
  const future = new Future<number>();
  await assert.rejects(future.result({ timeout: 0 }), TimeoutError);
  const reason = new Error("enough");
  await assert.rejects(future.result({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(future.state, "pending");
});

test("cancel wins only before the end, and the states say so", async () => {
  const future = new Future<number>();
  assert.equal(future.cancel(), true);
  assert.equal(future.setRunningOrNotifyCancel(), false);
  await assert.rejects(async () => future, CancelledError);
  await assert.rejects(future.exception(), CancelledError);
  assert.throws(() => future.setResult(1), InvalidStateError);
});
