import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord } from "spool/celery";
import { available, unique } from "./support/services.ts";
import { bodyOf, onWire } from "./support/wire.ts";

/** What a client here leaves in Redis, read as a foreign worker reads it. */

const SEPARATOR = "\x06\x16";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

if (await available("redis")) {
  test("a message has every header of protocol 2, those without a value as null", () =>
    onWire({}, async ({ app, waiting }) => {
      const { id } = await app.sendTask("wire.add", [1, 2], {
        timeLimit: 9,
        softTimeLimit: 5,
        headers: { "x-my": "1" },
      });
      const [{ headers }] = (await waiting()) as [Awaited<ReturnType<typeof waiting>>[number]];
      const { origin, argsrepr, ...rest } = headers;
      assert.match(String(origin), /^gen\d+@/);
      assert.match(String(argsrepr), /1, 2/);
      assert.deepEqual(rest, {
        lang: "js",
        task: "wire.add",
        id,
        root_id: id,
        parent_id: null,
        group: null,
        group_index: null,
        shadow: null,
        eta: null,
        expires: null,
        retries: 0,
        // Hard before soft.
        timelimit: [9, 5],
        kwargsrepr: "{}",
        ignore_result: false,
        replaced_task_nesting: 0,
        stamped_headers: null,
        stamps: {},
        "x-my": "1",
      });
    }));

  test("its body is an array of exactly three, its envelope has a tag, an address and base64", () =>
    onWire({}, async ({ app, redis, key, queue, waiting }) => {
      const { id } = await app.sendTask("wire.add", [1], { kwargs: { y: 2 } });
      const [envelope] = await waiting();
      const none = { callbacks: null, errbacks: null, chain: null, chord: null };
      assert.deepEqual(bodyOf(envelope!), [[1], { y: 2 }, none]);
      const { delivery_tag, reply_to, ...properties } = envelope!.properties;
      assert.match(String(delivery_tag), UUID);
      assert.match(String(reply_to), UUID);
      assert.deepEqual(properties, {
        correlation_id: id,
        delivery_mode: 2,
        delivery_info: { exchange: "", routing_key: queue },
        priority: 0,
        body_encoding: "base64",
      });
      assert.deepEqual(
        [envelope!["content-type"], envelope!["content-encoding"]],
        ["application/json", "utf-8"],
      );
      assert.deepEqual(await redis.smembers(key(`_kombu.binding.${queue}`)), [
        `${queue}${SEPARATOR}${SEPARATOR}${queue}`,
      ]);
    }));

  test("a priority is rounded down to a step, which has a list of its own", () =>
    onWire({}, async ({ app, queue, waiting }) => {
      for (const priority of [0, 4, 9]) await app.sendTask("wire.add", [], { priority });
      for (const [list, priority] of [
        [queue, 0],
        [`${queue}${SEPARATOR}3`, 4],
        [`${queue}${SEPARATOR}9`, 9],
      ] as const)
        assert.deepEqual(
          (await waiting(list)).map(({ properties }) => properties["priority"]),
          [priority],
        );
    }));

  test("a chain is sent as its first task, with the rest in reverse and all ids given", () =>
    onWire({}, async ({ app, waiting }) => {
      const step = (task: string) => app.signature<any[], any>(task);
      const result = await chain([step("wire.a"), step("wire.b"), step("wire.c")]).delay();
      const [envelope] = await waiting();
      assert.equal(envelope!.headers["task"], "wire.a");
      const rest = bodyOf(envelope!)[2]["chain"] as { task: string; options: { task_id: string } }[];
      assert.deepEqual(
        rest.map(({ task }) => task),
        ["wire.c", "wire.b"],
      );
      for (const { options } of rest) assert.match(options.task_id, UUID);
      assert.equal(rest[0]!.options.task_id, result.id);
    }));

  test("a chord's size stands before its last member is sent", () =>
    onWire({}, async ({ app, redis, key, waiting }) => {
      // The app's connections open with the first task, so that only the chord is seen.
      await app.sendTask("wire.first");
      const monitor = await redis.duplicate().monitor();
      const commands: string[][] = [];
      const seen = Promise.withResolvers<void>();
      const end = unique("end");
      monitor.on("monitor", (_time: unknown, args: string[]) => {
        commands.push(args);
        if (args.includes(end)) seen.resolve();
      });
      const member = (n: number) => app.signature<[], number>("wire.member", [n]);
      await chord([member(1), member(2)], app.signature<[number[]], number>("wire.body")).delay();
      await redis.echo(end);
      await seen.promise;
      monitor.disconnect();
      const [, first, last] = await waiting();
      const group = String(first!.headers["group"]);
      assert.deepEqual(
        [first, last].map((one) => one!.headers["group_index"]),
        [0, 1],
      );
      assert.equal(bodyOf(first!)[2]["chord"].task, "wire.body");
      assert.equal(await redis.get(key(`celery-taskset-meta-${group}.s`)), "2");
      const size = commands.findIndex((args) => args.includes(key(`celery-taskset-meta-${group}.s`)));
      const pushed = commands.findLastIndex((args) =>
        args.some((arg) => arg.includes(String(last!.headers["id"]))),
      );
      assert.ok(size >= 0 && size < pushed, `size at ${size}, last member at ${pushed}`);
    }));

  test("a result that was there before anybody waited is found, and one that comes later too", () =>
    onWire({}, async ({ app, push }) => {
      app.task("wire.add", (x: number, y: number) => x + y);
      const worker = app.worker({ log: () => {}, hostname: `${unique("wire")}@test` });
      const early = unique("early");
      const waiting = app.AsyncResult<number>(early).get({ timeout: 20 });
      await worker.start();
      await push({ task: "wire.add", id: early }, [[1, 2], {}, null]);
      assert.equal(await waiting, 3);
      assert.equal(await app.AsyncResult<number>(early).get({ timeout: 20 }), 3);
      await worker.stop();
    }));
}
