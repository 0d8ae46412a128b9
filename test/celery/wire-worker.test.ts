import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, type Worker, type WorkerOptions } from "spool/celery";
import type { RedisClient } from "../../src/celery/redis/client.ts";
import { available, unique } from "./support/services.ts";
import { bodyOf, onWire, type Wire } from "./support/wire.ts";

/** What a worker here does with messages that a foreign client put into Redis, read as a foreign program reads it. */

const timeout = { timeout: 20 };

interface Scene extends Wire {
  readonly worker: Worker;
  /** Resolves when the task `wire.hold` has begun; it ends with `release`. */
  readonly begun: Promise<void>;
  readonly release: () => void;
}

async function withWorker(
  settings: Parameters<typeof onWire>[0],
  options: WorkerOptions,
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  await onWire(settings, async (wire) => {
    const begun = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    wire.app.task("wire.add", (x: number, y: number) => x + y);
    wire.app.task("wire.hold", async () => {
      begun.resolve();
      await released.promise;
    });
    const worker = wire.app.worker({ hostname: `${unique("wire")}@test`, log: () => {}, ...options });
    await worker.start();
    try {
      await body({ ...wire, worker, begun: begun.promise, release: released.resolve });
    } finally {
      released.resolve();
      await worker.stop();
    }
  });
}

/** All that is published on channels of this pattern. */
async function listening(
  redis: RedisClient,
  pattern: string,
  onText: (channel: string, text: string) => void,
): Promise<() => void> {
  const subscriber = redis.duplicate();
  subscriber.on("pmessage", (_pattern: string, channel: string, text: string) => onText(channel, text));
  await subscriber.psubscribe(pattern);
  return () => subscriber.disconnect();
}

if (await available("redis")) {
  test("what a worker holds stands in `unacked` and its index, and is renewed there", () =>
    withWorker({ leaseSeconds: 0.3 }, {}, async ({ redis, key, queue, push, begun }) => {
      const id = unique("held");
      await push({ task: "wire.hold", id }, [[], {}, null]);
      await begun;
      const [tag] = await redis.zrange(key("unacked_index"), 0, "-1");
      const [envelope, exchange, routingKey] = JSON.parse((await redis.hget(key("unacked"), tag!))!) as any[];
      assert.deepEqual([envelope.headers.id, exchange, routingKey], [id, "", queue]);
      const first = Number(await redis.zscore(key("unacked_index"), tag!));
      assert.ok(Math.abs(first - Date.now() / 1000) < 60, "the score is the time in seconds");
      while (Number(await redis.zscore(key("unacked_index"), tag!)) === first);
    }));

  test("late acknowledgement keeps the message until the end, early lets go of it at the start", async () => {
    for (const taskAcksLate of [true, false]) {
      await withWorker({ taskAcksLate }, {}, async ({ redis, key, push, begun, release, app }) => {
        const id = unique("acked");
        await push({ task: "wire.hold", id }, [[], {}, null]);
        await begun;
        if (taskAcksLate) assert.equal(await redis.hlen(key("unacked")), 1);
        else while ((await redis.hlen(key("unacked"))) > 0);
        release();
        await app.AsyncResult(id).get(timeout);
        while ((await redis.hlen(key("unacked"))) > 0 || (await redis.zcard(key("unacked_index"))) > 0);
      });
    }
  });

  test("a shutdown puts back what did not run, to be taken next and marked as redelivered", () =>
    withWorker({}, { concurrency: 1, prefetchMultiplier: 3 }, async (scene) => {
      const { worker, redis, key, push, begun, release, waiting } = scene;
      for (const [task, id] of [
        ["wire.hold", "1"],
        ["wire.add", "2"],
        ["wire.add", "3"],
        ["wire.add", "4"],
      ] as const)
        await push({ task, id }, [task === "wire.hold" ? [] : [1, 2], {}, null]);
      await begun;
      while ((await redis.hlen(key("unacked"))) < 3);
      const stopping = worker.stop();
      release();
      await stopping;
      const back = await waiting();
      assert.deepEqual(
        back.map(({ headers }) => headers["id"]),
        ["2", "3", "4"],
      );
      assert.deepEqual(
        back.map(({ headers }) => headers["redelivered"]),
        [true, true, undefined],
      );
      assert.equal((back[0]!.properties["delivery_info"] as Record<string, unknown>)["redelivered"], true);
      assert.equal(await redis.hlen(key("unacked")), 0);
    }));

  test("a result is stored with its lifetime and announced; a success is never overwritten", () =>
    withWorker({}, {}, async ({ app, redis, key, push }) => {
      const id = unique("stored");
      const name = key(`celery-task-meta-${id}`);
      const announced = Promise.withResolvers<string>();
      const stop = await listening(redis, name, (_channel, text) => announced.resolve(text));
      await push({ task: "wire.add", id, parent_id: "parent", group: "group" }, [[1, 2], {}, null]);
      const text = await announced.promise;
      stop();
      assert.equal(await redis.get(name), text);
      const ttl = await redis.ttl(name);
      assert.ok(ttl > 0 && ttl <= 60, `lives ${ttl} s`);
      const { date_done, ...meta } = JSON.parse(text) as Record<string, unknown>;
      assert.match(String(date_done), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$/);
      assert.deepEqual(meta, {
        status: "SUCCESS",
        result: 3,
        traceback: null,
        children: [],
        parent_id: "parent",
        group_id: "group",
        task_id: id,
      });
      await push({ task: "wire.add", id }, [["too", "many", "arguments"], {}, null]);
      const after = await app.sendTask("wire.add", [1, 1]);
      await after.get(timeout);
      assert.equal(await redis.get(name), text);
    }));

  test("links and the next step of a chain are sent before the result is stored, and are its children", () =>
    withWorker({}, {}, async ({ app, redis, key, waiting }) => {
      const elsewhere = (task: string) => app.signature<any[], any>(task, [], { queue: "elsewhere" });
      const first = app.signature<any[], any>("wire.add", [1, 2]).link(elsewhere("wire.linked"));
      const { promise, resolve } = Promise.withResolvers<[waiting: number, meta: any]>();
      const stop = await listening(redis, key("celery-task-meta-*"), (_channel, text) => {
        void waiting("elsewhere").then((messages) => resolve([messages.length, JSON.parse(text)]));
      });
      const last = await chain([first, elsewhere("wire.next")]).delay();
      const [there, meta] = await promise;
      stop();
      assert.equal(there, 2);
      assert.deepEqual([meta.status, meta.children.length], ["SUCCESS", 2]);
      const messages = await waiting("elsewhere");
      const next = messages.find(({ headers }) => headers["task"] === "wire.next")!;
      assert.equal(next.headers["id"], last.id);
      assert.deepEqual([next.headers["parent_id"], next.headers["root_id"]], [meta.task_id, meta.task_id]);
      assert.deepEqual(bodyOf(next)[0], [3]);
    }));

  test("each member of a chord is counted with its place, state and result", () =>
    withWorker({}, {}, async ({ app, redis, key }) => {
      const header = [
        app.signature<any[], any>("wire.add", [1, 2]),
        app.signature<any[], any>("wire.never", [], { queue: "elsewhere" }),
      ];
      await chord(header, app.signature<[unknown[]], unknown>("wire.body")).delay();
      let parts: string[] = [];
      const pattern = key("celery-taskset-meta-*.j");
      while (parts.length === 0) {
        const [name] = await redis.keys(pattern);
        if (name !== undefined) parts = await redis.zrange(name, 0, "-1", "WITHSCORES");
      }
      const [part, score] = parts;
      const [one, id, state, result] = JSON.parse(part!) as unknown[];
      assert.deepEqual([one, typeof id, state, result, score], [1, "string", "SUCCESS", 3, "0"]);
    }));

  test("a failure is stored for every step of the chain that will not run", () =>
    withWorker({}, {}, async ({ push, app }) => {
      const ids = [unique("a"), unique("b"), unique("c")];
      const step = (id: string) => ({
        task: "wire.add",
        args: [1],
        kwargs: {},
        options: { task_id: id },
        subtask_type: null,
      });
      const embed = { callbacks: null, errbacks: null, chain: [step(ids[2]!), step(ids[1]!)], chord: null };
      await push({ task: "wire.add", id: ids[0] }, [["only one"], {}, embed]);
      for (const id of ids) await assert.rejects(app.AsyncResult(id).get(timeout), TypeError);
    }));

  test("an errback is sent with the failed task's id before its own arguments", () =>
    withWorker({}, {}, async ({ push, waiting, app }) => {
      const id = unique("failing");
      const errback = {
        task: "py.err",
        args: ["own"],
        kwargs: {},
        options: { queue: "elsewhere" },
        subtask_type: null,
      };
      const embed = { callbacks: null, errbacks: [errback], chain: null, chord: null };
      await push({ task: "wire.add", id }, [["only one"], {}, embed]);
      await assert.rejects(app.AsyncResult(id).get(timeout));
      let sent = await waiting("elsewhere");
      while (sent.length === 0) sent = await waiting("elsewhere");
      assert.deepEqual(bodyOf(sent[0]!)[0], [id, "own"]);
      assert.deepEqual([sent[0]!.headers["parent_id"], sent[0]!.headers["root_id"]], [id, id]);
    }));

  test("a worker knows Celery's own tasks", () =>
    onWire({}, async ({ app }) => {
      const names = [...app.runtime.tasks.values()].filter(({ builtin }) => builtin).map(({ name }) => name);
      assert.deepEqual(names.toSorted(), [
        "celery.accumulate",
        "celery.backend_cleanup",
        "celery.chain",
        "celery.chord",
        "celery.chord_unlock",
        "celery.chunks",
        "celery.group",
        "celery.map",
        "celery.starmap",
      ]);
    }));

  test("events: one for each of a worker's, arrays for those of tasks, offline at the end", () =>
    withWorker({}, { events: true }, async ({ app, redis, worker, key }) => {
      const heard: [key: string, body: any][] = [];
      const beat = Promise.withResolvers<void>();
      const root = key("/5.celeryev/");
      const stop = await listening(redis, `${root}*`, (channel, text) => {
        const envelope = JSON.parse(text) as { body: string };
        heard.push([channel.slice(root.length), JSON.parse(Buffer.from(envelope.body, "base64").toString())]);
        if (channel.endsWith("worker.heartbeat")) beat.resolve();
      });
      await app.sendTask("wire.add", [1, 2]).get(timeout);
      await beat.promise;
      await worker.stop();
      while (!heard.some(([routingKey]) => routingKey === "worker.offline")) await redis.ping();
      stop();
      const tasks = heard
        .filter(([routingKey]) => routingKey === "task.multi")
        .flatMap(([, events]) => events);
      const types = tasks.map(({ type }) => type);
      assert.deepEqual(types, ["task-received", "task-started", "task-succeeded"]);
      for (const event of tasks) assert.equal(event.hostname, worker.node);
      const [, heartbeat] = heard.find(([routingKey]) => routingKey === "worker.heartbeat")!;
      assert.equal(Array.isArray(heartbeat), false);
      assert.equal(heartbeat.freq, 2);
    }));

  test("times without a zone are UTC, and Z is one", () =>
    withWorker({}, {}, async ({ app, worker, push }) => {
      const past = "2020-01-01T00:00:00.5";
      for (const expires of [past, `${past}Z`, `${past}+00:00`]) {
        const id = unique("expired");
        await push({ task: "wire.add", id, expires }, [[1, 2], {}, null]);
        await assert.rejects(app.AsyncResult(id).get(timeout), { code: "TASK_REVOKED", message: "expired" });
      }
      const due = "2999-01-02T03:04:05";
      for (const eta of [due, `${due}Z`, "2999-01-02T05:04:05+02:00"])
        await push({ task: "wire.add", id: eta, eta }, [[1, 2], {}, null]);
      const only = { destination: [worker.node], ...timeout };
      let scheduled: { eta: string }[] = [];
      while (scheduled.length < 3)
        scheduled = (await app.control.inspect.scheduled(only))[worker.node] as unknown as { eta: string }[];
      for (const { eta } of scheduled) assert.equal(Date.parse(eta), Date.parse(`${due}Z`));
    }));

  test("a name and an id are all that a message needs, in protocol 2 and in protocol 1", () =>
    withWorker({}, {}, async ({ app, push }) => {
      const [second, first] = [unique("second"), unique("first")];
      await push({ task: "wire.add", id: second }, [[1, 2], {}, {}]);
      await push({}, { task: "wire.add", id: first, args: [3, 4], kwargs: {} });
      assert.equal(await app.AsyncResult(second).get(timeout), 3);
      assert.equal(await app.AsyncResult(first).get(timeout), 7);
    }));

  test("list entries that are no message, or lack what Celery's consumer needs, do not end the worker", () =>
    withWorker({}, {}, async ({ app, redis, key, push }) => {
      await push({}, [], () => "not json");
      await push({}, [], () => "[]");
      await push({}, [], ({ body: _body, ...rest }) => rest);
      const bare = unique("bare");
      await push(
        { task: "wire.add", id: bare },
        [[1, 2], {}, null],
        ({ properties: _properties, ...rest }) => ({
          ...rest,
          properties: { body_encoding: "base64" },
        }),
      );
      const plain = unique("plain");
      await push({ task: "wire.add", id: plain }, [], (envelope) => ({
        ...envelope,
        body: "[[3, 4], {}, null]",
        properties: {},
      }));
      assert.equal(await app.AsyncResult(bare).get(timeout), 3);
      assert.equal(await app.AsyncResult(plain).get(timeout), 7);
      while ((await redis.hlen(key("unacked"))) > 0);
    }));
}
