import "../support/leaks.ts";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { Celery, type Worker, type WorkerOptions } from "spool/celery";
import { unique } from "./support/services.ts";
import { scratchFile, stores } from "./support/stores.ts";

/** What a worker can be told beyond how much it runs: memory, a memory of its own, direct queues, mingle, gossip. */

const timeout = { timeout: 30 };
const { path, dispose } = scratchFile("options.db");
process.env["SPOOL_TEST_BROKER"] = `sqlite://${path}`;
process.on("exit", dispose);
const pools = await import("./support/pools-app.ts");

for (const pool of ["threads", "processes"] as const) {
  for (const [limit, outcome] of [
    [1, "is replaced after each task"],
    [2 ** 40, "stays"],
  ] as const) {
    test(`${pool}: a child that may hold ${limit} KiB ${outcome}`, { timeout: 60_000 }, async () => {
      const worker = pools.app.worker({ pool, concurrency: 1, maxMemoryPerChild: limit, log: () => {} });
      await worker.start();
      try {
        const seen = new Set<string>();
        for (let i = 0; i < 3; i++) {
          const { pid, thread } = await pools.where.delay().get(timeout);
          seen.add(`${pid} ${thread}`);
        }
        assert.equal(seen.size, limit === 1 ? 3 : 1);
      } finally {
        await worker.stop();
        await pools.app.close();
      }
    });
  }
}

test("a child's memory limit is a whole number of KiB", () => {
  assert.throws(() => pools.app.worker({ maxMemoryPerChild: 0.5 }), { code: "INVALID_ARGUMENT" });
});

/** Workers of one app on a broker in memory, by their options; each has a name and a queue of its own. */
async function withWorkers(
  options: readonly WorkerOptions[],
  body: (app: Celery, workers: readonly Worker[]) => Promise<void>,
): Promise<void> {
  const app = new Celery("options", { broker: `memory://${unique("options")}` });
  app.task("options.add", (x: number, y: number) => x + y);
  const workers: Worker[] = [];
  try {
    for (const one of options) {
      const name = unique("worker");
      const worker = app.worker({ hostname: `${name}@test`, queues: [name], log: () => {}, ...one });
      workers.push(worker);
      await worker.start();
    }
    await body(app, workers);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await app.close();
  }
}

test("what was revoked outlives the worker in its state file", async () => {
  const file = scratchFile("worker.state");
  const taskId = unique("revoked");
  const options = { stateDb: file.path, queues: ["celery"] };
  await withWorkers([options], async (app, [worker]) => {
    const only = { destination: [worker!.node], ...timeout };
    await app.control.call("revoke", { task_id: [taskId], terminate: false, signal: null }, only);
    const stamps = { headers: { customer: ["42"] }, terminate: false, signal: null };
    await app.control.call("revoke_by_stamped_headers", stamps, only);
  });
  await withWorkers([options], async (app) => {
    await assert.rejects(app.sendTask("options.add", [1, 2], { taskId }).get(timeout), {
      code: "TASK_REVOKED",
    });
    const stamped = app.signature("options.add", [1, 2]).stamp({ customer: "42" });
    await assert.rejects(stamped.delay().get(timeout), { code: "TASK_REVOKED" });
    assert.equal(await app.sendTask("options.add", [1, 2]).get(timeout), 3);
  });
  file.dispose();
});

test("a state file that is none is refused, with its name", async () => {
  const file = scratchFile("worker.state");
  writeFileSync(file.path, "not json");
  await assert.rejects(withWorkers([{ stateDb: file.path }], assert.fail), {
    code: "OPERATIONAL",
    message: /worker\.state cannot be read/,
  });
  file.dispose();
});

test("a worker that mingles knows what others have revoked", async () => {
  const taskId = unique("revoked");
  await withWorkers([{}], async (app, [first]) => {
    await app.control.call(
      "revoke",
      { task_id: [taskId], terminate: false, signal: null },
      { destination: [first!.node], ...timeout },
    );
    for (const mingle of [true, false]) {
      const second = app.worker({
        hostname: `${unique("second")}@test`,
        mingle,
        queues: ["second"],
        log: () => {},
      });
      await second.start();
      const known = await app.control.inspect.revoked({ destination: [second.node], ...timeout });
      assert.deepEqual(known[second.node], mingle ? [taskId] : []);
      await second.stop();
    }
  });
});

test("a worker without heartbeat or gossip says nothing of itself, and answers all the same", async () => {
  await withWorkers([{ heartbeat: false, gossip: false }], async (app, [silent]) => {
    const heard: string[] = [];
    const acknowledged = Promise.withResolvers<void>();
    const listener = await app.events.listen(({ type, hostname }) => {
      heard.push(`${hostname} ${type}`);
      if (type === "worker-elect-ack") acknowledged.resolve();
    });
    const loud = app.worker({ hostname: `${unique("loud")}@test`, queues: ["loud"], log: () => {} });
    await loud.start();
    await app.control.send("election", { id: unique("election"), topic: "none", action: null });
    await acknowledged.promise;
    const answers = await app.control.ping({ destination: [silent!.node, loud.node], ...timeout });
    assert.deepEqual(Object.keys(answers).toSorted(), [silent!.node, loud.node].toSorted());
    const of = (worker: Worker): string[] =>
      heard.filter((line) => line.startsWith(worker.node)).map((line) => line.split(" ")[1]!);
    assert.deepEqual(of(silent!), ["worker-elect"]);
    assert.ok(of(loud).includes("worker-online"));
    await loud.stop();
    await listener.close();
  });
});

for (const store of await stores()) {
  test(`${store.name}: a task sent to a worker's direct queue runs in that worker`, async () => {
    const { settings, dispose: disposeStore } = store.open();
    const app = new Celery("direct", { ...settings, workerDirect: true });
    app.task("direct.where", (self) => self.hostname, { bind: true });
    const name = unique("direct");
    const workers = ["one", "two"].map((host) => app.worker({ hostname: `${name}@${host}`, log: () => {} }));
    for (const worker of workers) await worker.start();
    for (const { node } of [...workers, ...workers])
      assert.equal(await app.sendTask("direct.where", [], { queue: `${node}.dq2` }).get(timeout), node);
    await Promise.all(workers.map((worker) => worker.stop()));
    await app.close();
    disposeStore();
  });
}
