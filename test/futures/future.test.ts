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

test("a future is a promise whose derived promises are plain ones, of a subclass too", async () => {
  class Slow extends Future<number> {}
  for (const future of [new Future<number>(), new Slow()]) {
    const derived = [future.then((value) => value + 1), future.finally(() => {}), future.catch(() => 0)];
    for (const promise of derived) assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
    const returned = (async () => future)();
    future.setResult(1);
    assert.deepEqual(await Promise.all([future, returned, ...derived]), [1, 1, 2, 1, 1]);
    assert.ok(future instanceof Promise && future instanceof Future);
    assert.equal(String(future), "[object Future]");
  }
});

test("an error that nobody looks at is not reported", async () => {
  // The test runner takes an unhandled rejection for a failure of the test.
  const [failed, cancelled] = [new Future<number>(), new Future<number>()];
  failed.setException(new Error("nobody looks"));
  cancelled.cancel();
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(() => failed, /nobody looks/);
  await assert.rejects(() => cancelled, CancelledError);
});
