import "../support/leaks.ts";
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Celery, group } from "spool/celery";
import { unique } from "./support/services.ts";

/** Who no longer waits lets go of everything: a wait holds its program. The leak check of each test sees what is left. */

async function withApp(body: (app: Celery, finish: () => void) => Promise<void>): Promise<void> {
  const app = new Celery("waits", { broker: `memory://${unique("waits")}` });
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  app.task("waits.add", (x: number, y: number) => x + y);
  app.task("waits.fail", () => {
    throw new RangeError("failed");
  });
  app.task("waits.hang", () => finished);
  const worker = app.worker({ log: () => {} });
  await worker.start();
  try {
    await body(app, finish);
  } finally {
    finish();
    await worker.stop();
    await app.close();
  }
}

/** Waits hold the program with timers. */
const timers = (): number => process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;

test("a group that fails is not waited for any longer", () =>
  withApp(async (app) => {
    const before = timers();
    const results = group([app.signature("waits.fail"), app.signature("waits.hang")]).delay();
    await assert.rejects(results.get(), RangeError);
    assert.equal(timers(), before);
  }));

test("results come as they are ready, an error in its turn; who leaves does not wait for the rest", () =>
  withApp(async (app, finish) => {
    const members = ["waits.hang", "waits.fail", "waits.add"] as const;
    const send = () =>
      group(
        members.map((name) => app.signature<any[], any>(name, name === "waits.add" ? [1, 2] : [])),
      ).delay();
    const before = timers();
    const left = send();
    const seen: unknown[] = [];
    for await (const [id, value] of left.iterate()) {
      seen.push([left.results.findIndex((result) => result.id === id), String(value)]);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [
      [1, "RangeError: failed"],
      [2, "3"],
    ]);
    assert.equal(timers(), before);
    finish();
    const all: unknown[] = [];
    for await (const [, value] of send().iterate({ timeout: 20 })) all.push(value);
    assert.equal(all.length, 3);
    await assert.rejects(
      async () => {
        const nobody = app.signature("waits.add", [1, 2], { queue: unique("nobody") });
        for await (const one of group([nobody]).delay().iterate({ timeout: 0.05 })) assert.fail(String(one));
      },
      { code: "TIMEOUT" },
    );
  }));

test("the executor over the cluster leaves no listener at a signal, and heeds one that has fired", () =>
  withApp(async (app) => {
    const add = app.task("waits.add", (x: number, y: number) => x + y);
    const hang = app.task("waits.hang", () => {});
    const { signal } = new AbortController();
    const executor = app.executor().with({ signal });
    assert.equal(await executor.submit(add, 1, 2), 3);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    const before = timers();
    const cancelled = app.executor().with({ signal: AbortSignal.abort(new Error("too late")) });
    await assert.rejects(async () => cancelled.submit(hang), { message: "too late" });
    assert.equal(timers(), before);
  }));
