import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Broker } from "../../src/celery/brokers/broker.ts";
import type { Message } from "../../src/celery/protocol/message.ts";
import { Celery } from "spool/celery";
import { stores } from "./support/stores.ts";

/** Messages that kill a worker of Python's Celery, and thousands of damaged ones; good tasks between them all succeed. */

const FUZZED = Number(process.env["SPOOL_TEST_FUZZ"] ?? 1000);

type Damage = (good: Message, id: string) => Message;

const body =
  (value: unknown) =>
  (good: Message): Message => ({ ...good, body: Buffer.from(JSON.stringify(value)) });
const header =
  (name: string, value: unknown): Damage =>
  (good) => ({ ...good, headers: { ...good.headers, [name]: value } });
const without =
  (...names: string[]): Damage =>
  (good) => ({
    ...good,
    headers: Object.fromEntries(Object.entries(good.headers).filter(([k]) => !names.includes(k))),
  });

/** What is wrong, and whether the message still says its id, so that whoever waits is told. */
const MALFORMED: readonly (readonly [what: string, damage: Damage, answered: boolean])[] = [
  ["a body of two elements", body([[1, 2], {}]), true],
  ["a body object without args", body({ kwargs: {} }), true],
  ["a body that is null", body(null), true],
  ["a body that is not JSON", (good) => ({ ...good, body: Buffer.from("{nope") }), true],
  ["a body that is not UTF-8", (good) => ({ ...good, body: Buffer.from([0xff, 0xfe, 0x22]) }), true],
  ["an empty body", (good) => ({ ...good, body: Buffer.alloc(0) }), true],
  ["args that are no array", body([{}, {}, null]), true],
  ["kwargs that are no object", body([[1, 2], [1], null]), true],
  ["an embed that is a text", body([[1, 2], {}, "x"]), true],
  ["callbacks that are no signatures", body([[1, 2], {}, { callbacks: [1] }]), true],
  ["a time limit of one element", header("timelimit", [1]), true],
  ["a time limit of texts", header("timelimit", ["a", "b"]), true],
  ["a bad eta", header("eta", "tomorrow"), true],
  ["a bad expiry", header("expires", {}), true],
  ["retries that are a text", header("retries", "many"), true],
  ["an id that is a number", header("id", 7), true],
  ["a forbidden content type", (good) => ({ ...good, contentType: "application/x-python-serialize" }), true],
  ["an unknown content type", (good) => ({ ...good, contentType: "application/x-foo" }), true],
  ["an unknown compression", header("compression", "application/x-rar"), true],
  ["a body that is not compressed as it says", header("compression", "application/x-gzip"), true],
  ["an unknown marker", body([[{ __type__: "nope", __value__: 1 }, 2], {}, null]), true],
  ["no task header", without("task"), true],
  ["no id header, nor any other", (good) => ({ ...without("id")(good, ""), properties: {} }), false],
  ["no headers at all", (good) => ({ ...good, headers: {}, properties: {} }), false],
];

interface Stage {
  readonly app: Celery;
  readonly broker: Broker;
  send(message: Message): Promise<void>;
  good(id: string): Message;
}

async function onStage(
  settings: ConstructorParameters<typeof Celery>[1],
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  const app = new Celery("robust", settings);
  app.task("robust.add", (x: number, y: number) => x + y);
  const worker = app.worker({ log: () => {} });
  await worker.start();
  const broker = await app.runtime.connections.broker();
  const routingKey = app.settings.taskDefaultQueue;
  try {
    await app.sendTask("robust.add", [1, 2]).get({ timeout: 10 });
    await run({
      app,
      broker,
      send: (message) => broker.publish(message, { exchange: "", exchangeType: "direct", routingKey }),
      good: (id) => ({
        headers: {
          task: "robust.add",
          id,
          lang: "py",
          retries: 0,
          timelimit: [null, null],
          eta: null,
          expires: null,
        },
        properties: { correlationId: id, replyTo: app.runtime.connections.oid, deliveryMode: 2, priority: 0 },
        contentType: "application/json",
        contentEncoding: "utf-8",
        body: Buffer.from(JSON.stringify([[1, 2], {}, null])),
      }),
    });
    assert.equal(worker.state, "running");
  } finally {
    await worker.stop();
    await app.close();
  }
}

for (const store of await stores()) {
  test(`${store.name}: malformed messages are rejected, and who waits for one is told`, async () => {
    const { settings, dispose } = store.open();
    await onStage(settings, async ({ app, send, good }) => {
      for (const [what, damage, answered] of MALFORMED) {
        const id = `bad-${what.replaceAll(" ", "-")}`;
        await send(damage(good(id), id));
        if (answered) {
          const meta = await app.AsyncResult(id).wait({ timeout: 10 });
          assert.equal(meta.status, "FAILURE", what);
        }
        assert.equal(await app.sendTask("robust.add", [1, 2]).get({ timeout: 10 }), 3, `after ${what}`);
      }
    });
    dispose();
  });

  test(`${store.name}: damaged messages by the thousand, and every good task between them succeeds`, async () => {
    const { settings, dispose } = store.open();
    await onStage(settings, async ({ app, send, good }) => {
      const random = seeded(42);
      const results: Promise<unknown>[] = [];
      for (let i = 0; i < FUZZED; i++) {
        const sent = send(damaged(good(`fuzz-${i}`), random));
        if (i % 100 === 0) await sent;
        if (i % 20 === 0) results.push(app.sendTask("robust.add", [i, 1]).get({ timeout: 60 }));
      }
      const sums = await Promise.all(results);
      assert.deepEqual(
        sums,
        sums.map((_, i) => i * 20 + 1),
      );
    });
    dispose();
  });
}

/** One random change: bytes of the body flipped or cut, a header replaced or dropped, a property lost. */
function damaged(good: Message, random: () => number): Message {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const values = [null, 0, -1, 2 ** 40, "", "x", [], [1], {}, { a: [] }, true, "2024-13-45T00:00:00", [[[]]]];
  switch (Math.floor(random() * 5)) {
    case 0: {
      const bytes = Buffer.from(good.body);
      for (let i = 0; i <= random() * 4; i++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return { ...good, body: bytes };
    }
    case 1:
      return { ...good, body: good.body.subarray(0, Math.floor(random() * good.body.length)) };
    case 2:
      return header(
        pick([...Object.keys(good.headers), "group", "stamps", "root_id", "compression"]),
        pick(values),
      )(good, "");
    case 3:
      return without(pick(Object.keys(good.headers)))(good, "");
    default:
      return body([pick(values), pick(values), pick(values)])(good);
  }
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
