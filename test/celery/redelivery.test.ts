import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Celery, type Settings } from "spool/celery";
import { withVirtualClock } from "spool/testing";
import { Vigil } from "../../src/celery/brokers/vigil.ts";
import { PUSH, TAKE } from "../../src/celery/brokers/redis/scripts.ts";
import type { Delivery } from "../../src/celery/brokers/broker.ts";
import { connectRedis, redisAddress } from "../../src/celery/redis/client.ts";
import { Request } from "../../src/celery/worker/request.ts";
import { clock } from "../../src/core/index.ts";
import { Proxy } from "./support/proxy.ts";
import { available, unique } from "./support/services.ts";
import { stores } from "./support/stores.ts";

/** Messages that come twice: after a worker died, after a connection was lost. Their tasks should not run twice. */

for (const store of (await stores()).filter(({ chords }) => chords)) {
  for (const deduplicate of [true, false]) {
    const outcome = deduplicate ? "is not run again" : "is run again where the settings say so";
    test(`${store.name}: a task that succeeded before its message came back ${outcome}`, async () => {
      const { settings, dispose } = store.open();
      const app = new Celery("twice", { ...settings, workerDeduplicateSuccessfulTasks: deduplicate });
      const runs: number[] = [];
      app.task("twice.note", (n: number) => void runs.push(n));
      const sent = await app.sendTask("twice.note", [1]);
      await succeedWithoutAcknowledging(app, sent.id);
      const last = await app.sendTask("twice.note", [2]);
      const worker = app.worker({ log: () => {}, concurrency: 1 });
      await worker.start();
      await last.get({ timeout: 10 });
      assert.deepEqual(runs, deduplicate ? [2] : [1, 2]);
      await worker.stop();
      assert.equal(await (await app.runtime.connections.broker()).size(app.settings.taskDefaultQueue), 0);
      await app.close();
      dispose();
    });
  }
}

/** What a worker leaves that is killed after it stored the result: a success, and a message that comes again. */
async function succeedWithoutAcknowledging(app: Celery, id: string): Promise<void> {
  const { connections, router } = app.runtime;
  const broker = await connections.broker();
  const backend = await connections.backend();
  const { promise, resolve } = Promise.withResolvers<Delivery>();
  const consumer = await broker.consume({
    queues: router.defaultQueues(),
    prefetch: 1,
    onDelivery: resolve,
    onMalformed: assert.fail,
  });
  await promise;
  const meta = {
    status: "SUCCESS",
    result: null,
    traceback: null,
    children: [],
    date_done: null,
    task_id: id,
  };
  await backend.store(meta, { replyTo: undefined });
  await consumer.close();
}

test("what is said of a request holds for every message that brings it", () => {
  const said: string[] = [];
  const delivery = (name: string): Delivery => ({
    message: { headers: {}, properties: {}, body: Buffer.alloc(0), contentType: "", contentEncoding: "" },
    queue: "q",
    exchange: "",
    routingKey: "q",
    redelivered: true,
    ack: () => void said.push(`${name} ack`),
    reject: () => void said.push(`${name} reject`),
  });
  const make = (first: string): Request =>
    new Request({ id: "1" } as never, {} as never, {} as never, delivery(first), [null, null]);
  const before = make("a");
  before.deliveredAgain(delivery("b"));
  before.acknowledge();
  before.reject(true);
  assert.deepEqual(said.splice(0), ["a ack", "b ack"]);
  const after = make("c");
  after.acknowledge();
  after.deliveredAgain(delivery("d"));
  assert.deepEqual(said, ["c ack", "d ack"]);
});

test("leases are judged only by who was there for a whole lease", () =>
  withVirtualClock(async () => {
    const vigil = new Vigil(30);
    const wait = (seconds: number): Promise<void> =>
      new Promise((resolve) => clock().after(seconds, resolve));
    assert.equal(vigil.renewed(), true, "at the start nothing is known of an absence");
    await wait(10);
    assert.equal(vigil.renewed(), true);
    await wait(40);
    assert.equal(vigil.renewed(), false, "nobody could renew for 40 seconds");
    for (const later of [10, 20]) {
      await wait(10);
      assert.equal(vigil.renewed(), false, `${later} s after`);
    }
    await wait(10);
    assert.equal(vigil.renewed(), true, "a lease has passed, everybody had the time");
  }));

if (await available("redis")) {
  test("redis: what is sent again because the answer was lost is there once", async () => {
    const client = await connectRedis(redisAddress("redis://127.0.0.1:6379/5", {}));
    const name = unique("sent");
    const keys = [`${name}.numbers`, `${name}.list`];
    try {
      await PUSH.run(client, keys, [0, 0, "a", "b"]);
      await PUSH.run(client, keys, [1, 1, "c"]);
      await PUSH.run(client, keys, [0, 0, "a", "b"]);
      await PUSH.run(client, keys, [1, 1025, "d"]);
      assert.deepEqual(await client.lrange(keys[1]!, 0, -1), ["d", "c", "b", "a"]);
      assert.ok((await client.ttl(keys[0]!)) > 0);
    } finally {
      await client.del(...keys);
      client.disconnect();
    }
  });

  test("redis: taking again because the answer was lost does not overwrite what was taken before", async () => {
    const client = await connectRedis(redisAddress("redis://127.0.0.1:6379/5", {}));
    const name = unique("taken");
    const [unacked, index, lease, list] = ["unacked", "index", "lease", "list"].map(
      (key) => `${name}.${key}`,
    );
    try {
      await client.lpush(list!, '"a"', '"b"', '"c"');
      const take = (): Promise<unknown> =>
        TAKE.run(client, [unacked!, index!, lease!, list!], [1, 2, "t.", 0, 2, '"q"']);
      assert.deepEqual(await take(), [0, '"a"', "t.1", 0, '"b"', "t.2"]);
      assert.deepEqual(await take(), [0, '"c"', "t.3"]);
      assert.deepEqual(
        await client.hvals(unacked!),
        ['["a"', '["b"', '["c"'].map((held) => `${held}, "", "q"]`),
      );
    } finally {
      await client.del(unacked!, index!, lease!, list!);
      client.disconnect();
    }
  });

  test("redis: a result stored while the waiting client was cut off arrives", async () => {
    const proxy = await Proxy.before(6379);
    const prefix = { global_keyprefix: `${unique("cut")}:` };
    const settings: Partial<Settings> = {
      resultExpires: 60,
      brokerTransportOptions: prefix,
      resultBackendTransportOptions: prefix,
    };
    const url = (port: number): string => `redis://127.0.0.1:${port}/5`;
    const near = new Celery("near", { broker: url(6379), backend: url(6379), ...settings });
    const far = new Celery("far", { broker: url(6379), backend: url(proxy.port), ...settings });
    const id = unique("task");
    const waiting = far.AsyncResult(id).get({ timeout: 20 });
    // Its connection stands and its subscription with it, once a first state has come through.
    const store = async (status: string, result: unknown): Promise<void> =>
      (await near.runtime.connections.backend()).store(
        { status, result, traceback: null, children: [], date_done: null, task_id: id },
        { replyTo: undefined },
      );
    const seen = far.AsyncResult(id).updates({ timeout: 20 });
    await store("PROGRESS", 1);
    await seen.next();
    await proxy.cut();
    await store("SUCCESS", 7);
    proxy.mend();
    assert.equal(await waiting, 7);
    await seen.return();
    await far.close();
    await near.close();
    await proxy.close();
  });
}

if (await available("rabbitmq")) {
  for (const [what, countdown] of [
    ["runs", 0],
    ["waits for its eta", 2],
  ] as const) {
    test(`amqp: the connection is lost while a task ${what}; it runs once`, async () => {
      const proxy = await Proxy.before(5672);
      const queue = unique("cut");
      const settings: Partial<Settings> = {
        backend: null,
        taskDefaultQueue: queue,
        taskQueues: [{ name: queue, arguments: { "x-expires": 60_000 } }],
      };
      const app = new Celery("client", { broker: "amqp://guest:guest@127.0.0.1:5672//", ...settings });
      const far = new Celery("worker", {
        broker: `amqp://guest:guest@127.0.0.1:${proxy.port}//`,
        ...settings,
      });
      const begun = Promise.withResolvers<void>();
      const mayEnd = Promise.withResolvers<void>();
      const last = Promise.withResolvers<void>();
      let runs = 0;
      far.task("cut.slow", async () => {
        runs++;
        begun.resolve();
        await mayEnd.promise;
      });
      far.task("cut.last", () => last.resolve());
      const worker = far.worker({ log: () => {}, hostname: `${queue}@test` });
      await worker.start();
      await app.sendTask("cut.slow", [], countdown === 0 ? {} : { countdown });
      const where = countdown === 0 ? "active" : "scheduled";
      const inspected = { destination: [worker.node], timeout: 10 };
      for (let held = 0; held === 0;)
        held =
          ((await app.control.inspect[where](inspected))[worker.node] as unknown[] | undefined)?.length ?? 0;
      await proxy.cut();
      proxy.mend();
      // The message is with the worker again once the one behind it has been run.
      await app.sendTask("cut.last");
      await last.promise;
      await begun.promise;
      mayEnd.resolve();
      await worker.stop();
      assert.equal(runs, 1);
      assert.equal(await (await app.runtime.connections.broker()).size(queue), 0);
      await far.close();
      await app.close();
      await proxy.close();
    });
  }
}
