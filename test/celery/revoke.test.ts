import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Celery, type Worker } from "spool/celery";
import { unique } from "./support/services.ts";
import { stores, type Store } from "./support/stores.ts";

/** Revoked tasks where several workers hear the command: only the one that has the task may say what becomes of it. */

const timeout = { timeout: 20 };

interface Scene {
  readonly app: Celery;
  readonly worker: Worker;
  /** Ids of the tasks that have begun. */
  readonly begun: (id: string) => Promise<void>;
  readonly release: () => void;
  /** Sends the command and resolves when both workers have carried it out. */
  readonly revoke: (id: string, terminate: boolean) => Promise<void>;
}

async function withTwoWorkers(store: Store, body: (scene: Scene) => Promise<void>): Promise<void> {
  const { settings, dispose } = store.open();
  const app = new Celery("revoke", settings);
  const starts = new Map<string, PromiseWithResolvers<void>>();
  const start = (id: string): PromiseWithResolvers<void> => {
    const found = starts.get(id) ?? Promise.withResolvers<void>();
    starts.set(id, found);
    return found;
  };
  const mayEnd = Promise.withResolvers<void>();
  app.task("revoke.hold", async (id: string) => {
    start(id).resolve();
    await mayEnd.promise;
    return "ran to its end";
  });
  app.task("revoke.seldom", () => null, { rateLimit: "1/h" });
  const name = unique("revoke");
  const options = { concurrency: 1, log: () => {} };
  const worker = app.worker({ ...options, hostname: `${name}@one` });
  const idle = app.worker({ ...options, hostname: `${name}@two`, queues: [`${name}.other`] });
  await worker.start();
  await idle.start();
  const revoke = async (id: string, terminate: boolean): Promise<void> => {
    const destination = [worker.node, idle.node];
    const answers = await app.control.call(
      "revoke",
      { task_id: id, terminate, signal: "SIGTERM" },
      { destination, ...timeout },
    );
    assert.deepEqual(Object.keys(answers).toSorted(), destination);
  };
  try {
    await body({ app, worker, begun: (id) => start(id).promise, release: mayEnd.resolve, revoke });
  } finally {
    mayEnd.resolve();
    await Promise.all([worker.stop(), idle.stop()]);
    await app.close();
    dispose();
  }
}

for (const store of await stores()) {
  test(`${store.name}: a running task that is revoked without terminate ends as it would have`, () =>
    withTwoWorkers(store, async ({ app, begun, release, revoke }) => {
      const taskId = unique("running");
      const result = await app.sendTask("revoke.hold", [taskId], { taskId });
      await begun(taskId);
      await revoke(taskId, false);
      assert.equal(await result.state(), "PENDING");
      release();
      assert.equal(await result.get(timeout), "ran to its end");
    }));

  test(`${store.name}: a running task that is terminated says so, whoever else heard of it`, () =>
    withTwoWorkers(store, async ({ app, begun, revoke }) => {
      const taskId = unique("running");
      const result = app.sendTask("revoke.hold", [taskId], { taskId });
      await begun(taskId);
      await revoke(taskId, true);
      await assert.rejects(result.get(timeout), { code: "TASK_REVOKED", message: "terminated" });
    }));

  test(`${store.name}: a task that waits for its turn is settled when it is revoked`, () =>
    withTwoWorkers(store, async ({ app, worker, begun, release, revoke }) => {
      const first = unique("first");
      const taskId = unique("waiting");
      const running = app.sendTask("revoke.hold", [first], { taskId: first });
      await begun(first);
      const waiting = app.sendTask("revoke.hold", [taskId], { taskId });
      const only = { destination: [worker.node], ...timeout };
      for (let seen = false; !seen;) {
        const reserved = (await app.control.inspect.reserved(only))[worker.node] as { id: string }[];
        seen = reserved.some(({ id }) => id === taskId);
      }
      await revoke(taskId, false);
      // The only slot is still taken.
      await assert.rejects(waiting.get(timeout), { code: "TASK_REVOKED", message: "revoked" });
      release();
      assert.equal(await running.get(timeout), "ran to its end");
    }));

  test(`${store.name}: a task that its rate limit holds is settled when it is revoked`, () =>
    withTwoWorkers(store, async ({ app, worker, revoke }) => {
      await app.sendTask("revoke.seldom").get(timeout);
      const taskId = unique("held");
      const held = app.sendTask("revoke.seldom", [], { taskId });
      const only = { destination: [worker.node], ...timeout };
      for (let seen = false; !seen;) {
        const reserved = (await app.control.inspect.reserved(only))[worker.node] as { id: string }[];
        seen = reserved.some(({ id }) => id === taskId);
      }
      await revoke(taskId, false);
      await assert.rejects(held.get(timeout), { code: "TASK_REVOKED", message: "revoked" });
    }));
}
