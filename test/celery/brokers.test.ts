import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Broker, Consumer, Delivery, QueueSpec } from "../../src/celery/brokers/broker.ts";
import { Connections } from "../../src/celery/connections.ts";
import type { Message } from "../../src/celery/protocol/message.ts";
import { Celery } from "spool/celery";
import { unique } from "./support/services.ts";
import { stores, type Store } from "./support/stores.ts";

/** What every broker must do, run over each of them. */

const all = await stores();

function message(text: string, priority = 0): Message {
  return {
    headers: { task: "x", id: text, nested: [1, null, { a: true }] },
    properties: { correlationId: text, replyTo: "", deliveryMode: 2, priority },
    contentType: "application/json",
    contentEncoding: "utf-8",
    body: Buffer.from(text),
  };
}

function queue(name: string): QueueSpec {
  const args = { "x-max-priority": 9, "x-expires": 60_000 };
  return { name, exchange: name, exchangeType: "direct", routingKey: name, arguments: args };
}

/** Deliveries in the order they come, each handed to whoever asks next. */
class Inbox {
  readonly #ready: Delivery[] = [];
  readonly #asking: ((delivery: Delivery) => void)[] = [];

  readonly push = (delivery: Delivery): void => {
    const asker = this.#asking.shift();
    if (asker === undefined) this.#ready.push(delivery);
    else asker(delivery);
  };

  get size(): number {
    return this.#ready.length;
  }

  next(): Promise<Delivery> {
    const ready = this.#ready.shift();
    return ready === undefined
      ? new Promise((resolve) => this.#asking.push(resolve))
      : Promise.resolve(ready);
  }
}

interface Stage {
  readonly broker: Broker;
  readonly name: string;
  send(text: string, priority?: number): Promise<void>;
  consume(inbox: Inbox, prefetch?: number): Promise<Consumer>;
}

async function onStage(store: Store, body: (stage: Stage) => Promise<void>): Promise<void> {
  const { settings, dispose } = store.open();
  const connections = new Connections(new Celery("stage", settings).settings);
  const broker = await connections.broker();
  const name = unique("q");
  await broker.declareQueue(queue(name));
  const address = { exchange: "", exchangeType: "direct", routingKey: name } as const;
  try {
    await body({
      broker,
      name,
      send: (text, priority) => broker.publish(message(text, priority), address),
      consume: (inbox, prefetch = 10) =>
        broker.consume({
          queues: [queue(name)],
          prefetch,
          onDelivery: inbox.push,
          onMalformed: (error) => assert.fail(error),
        }),
    });
  } finally {
    await broker.purge(name).catch(() => {});
    await connections.close();
    dispose();
  }
}

const text = (delivery: Delivery): string => Buffer.from(delivery.message.body).toString();

for (const store of all) {
  test(`${store.name}: a message arrives as it was sent, first in, first out`, async () => {
    await onStage(store, async ({ send, consume, broker, name }) => {
      await send("a");
      await send("b");
      assert.equal(await broker.size(name), 2);
      const inbox = new Inbox();
      const consumer = await consume(inbox);
      const first = await inbox.next();
      assert.deepEqual(first.message.headers, message("a").headers);
      assert.equal(first.message.properties.correlationId, "a");
      assert.equal(first.message.contentType, "application/json");
      assert.equal(first.queue, name);
      assert.equal(first.redelivered, false);
      assert.equal(text(first), "a");
      assert.equal(text(await inbox.next()), "b");
      await send("c");
      assert.equal(text(await inbox.next()), "c");
      await consumer.close();
    });
  });

  test(`${store.name}: no more than the prefetch count is in hand; an ack makes room`, async () => {
    await onStage(store, async ({ send, consume }) => {
      for (const one of ["a", "b", "c"]) await send(one);
      const inbox = new Inbox();
      const consumer = await consume(inbox, 1);
      const a = await inbox.next();
      assert.equal(inbox.size, 0);
      a.ack();
      const b = await inbox.next();
      assert.equal(text(b), "b");
      assert.equal(inbox.size, 0);
      consumer.setPrefetch(2);
      assert.equal(text(await inbox.next()), "c");
      await consumer.close();
    });
  });

  test(`${store.name}: what is acknowledged is gone, what is not is given back, in order`, async () => {
    await onStage(store, async ({ send, consume, broker, name }) => {
      for (const one of ["a", "b", "c"]) await send(one);
      const inbox = new Inbox();
      const consumer = await consume(inbox);
      (await inbox.next()).ack();
      await inbox.next();
      await inbox.next();
      await consumer.close();
      assert.equal(await broker.size(name), 2);
      const again = new Inbox();
      const second = await consume(again);
      const b = await again.next();
      assert.equal(text(b), "b");
      assert.equal(b.redelivered, true);
      assert.equal(text(await again.next()), "c");
      await second.close();
    });
  });

  test(`${store.name}: reject drops, reject with requeue delivers again`, async () => {
    await onStage(store, async ({ send, consume, broker, name }) => {
      await send("drop");
      await send("again");
      const inbox = new Inbox();
      const consumer = await consume(inbox);
      (await inbox.next()).reject(false);
      (await inbox.next()).reject(true);
      const back = await inbox.next();
      assert.equal(text(back), "again");
      assert.equal(back.redelivered, true);
      back.ack();
      await consumer.close();
      assert.equal(await broker.size(name), 0);
    });
  });

  test(`${store.name}: two consumers share a queue and each message goes to one`, async () => {
    await onStage(store, async ({ send, consume }) => {
      const inbox = new Inbox();
      const [one, two] = [await consume(inbox, 5), await consume(inbox, 5)];
      const texts = Array.from({ length: 10 }, (_, i) => String(i));
      await Promise.all(texts.map((one) => send(one)));
      const got: string[] = [];
      for (let i = 0; i < 10; i++) got.push(text(await inbox.next()));
      assert.deepEqual(got.sort(), texts);
      await one.close();
      await two.close();
    });
  });

  test(`${store.name}: a queue can be added and cancelled while consuming`, async () => {
    await onStage(store, async ({ broker, consume }) => {
      const inbox = new Inbox();
      const consumer = await consume(inbox);
      const name = unique("q2");
      await consumer.addQueue(queue(name));
      const address = { exchange: "", exchangeType: "direct", routingKey: name } as const;
      await broker.publish(message("x"), address);
      const delivery = await inbox.next();
      assert.equal(delivery.queue, name);
      delivery.ack();
      await consumer.cancelQueue(name);
      assert.equal(consumer.queues().length, 1);
      await broker.publish(message("y"), address);
      await consumer.close();
      assert.equal(inbox.size, 0);
      assert.equal(await broker.purge(name), 1);
    });
  });

  test(`${store.name}: fanout reaches every listener, direct the one it names, topic those that match`, async () => {
    await onStage(store, async ({ broker }) => {
      const seen: string[] = [];
      const three = Promise.withResolvers<void>();
      const note = (who: string) => (_message: Message, key: string) => {
        seen.push(`${who} ${key}`);
        if (seen.length === 4) three.resolve();
      };
      const pidbox = `${unique("x")}.pidbox`;
      const events = `${unique("y")}celeryev`;
      const reply = `reply.${pidbox}`;
      const fanout = { exchange: pidbox, exchangeType: "fanout", routingKey: "" } as const;
      const direct = { exchange: reply, exchangeType: "direct", routingKey: "me" } as const;
      const topic = { exchange: events, exchangeType: "topic" } as const;
      const listeners = [
        await broker.listen({ ...fanout, queue: unique("a") }, note("a")),
        await broker.listen({ ...fanout, queue: unique("b") }, note("b")),
        await broker.listen({ ...direct, queue: unique("r") }, note("r")),
        await broker.listen(
          { ...topic, routingKey: "task.#", queue: unique("e"), durableExchange: true },
          note("e"),
        ),
      ];
      await broker.publish(message("1"), { ...topic, routingKey: "worker.online" });
      await broker.publish(message("1"), { ...topic, routingKey: "task.sent" });
      await broker.publish(message("1"), direct);
      await broker.publish(message("1"), fanout);
      await three.promise;
      assert.deepEqual(seen.sort(), ["a ", "b ", "e task.sent", "r me"]);
      for (const listener of listeners) await listener.close();
    });
  });

  test(`${store.name}: priorities`, async () => {
    await onStage(store, async ({ send, consume }) => {
      await send("low", store.priorities[0]);
      await send("high", store.priorities[1]);
      const inbox = new Inbox();
      const consumer = await consume(inbox, 1);
      const first = await inbox.next();
      assert.equal(text(first), "high");
      first.ack();
      assert.equal(text(await inbox.next()), "low");
      await consumer.close();
    });
  });
}
