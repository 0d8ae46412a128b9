import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openAmqpBroker } from "../../src/celery/brokers/amqp/broker.ts";
import type { Message } from "../../src/celery/protocol/message.ts";
import { Proxy } from "./support/proxy.ts";
import { available, unique } from "./support/services.ts";

/** RabbitMQ with `confirm_publish: false`, as Celery publishes: nobody waits for the server, but for the socket. */

const message = (text: string): Message => ({
  headers: { task: "none", id: "none" },
  properties: { deliveryMode: 1, priority: 0 },
  contentType: "application/data",
  contentEncoding: "utf-8",
  body: Buffer.from(text),
});

const url = (port: number): string => `amqp://guest:guest@127.0.0.1:${port}//`;

/** A queue that goes away by itself. */
const spec = () => {
  const name = unique("unconfirmed");
  return {
    name,
    exchange: "",
    exchangeType: "direct",
    routingKey: name,
    arguments: { "x-expires": 60_000 },
  } as const;
};
const to = (routingKey: string) => ({ exchange: "", exchangeType: "direct", routingKey }) as const;

if (await available("rabbitmq")) {
  test("everything that was sent is there once the broker is closed", async () => {
    const queue = spec();
    const broker = await openAmqpBroker(url(5672), { confirm_publish: false });
    await broker.declareQueue(queue);
    for (let i = 0; i < 3000; i++) await broker.publish(message("x".repeat(1000)), to(queue.name));
    await broker.close();
    const reader = await openAmqpBroker(url(5672), {});
    // The server counts them as it comes to them.
    while ((await reader.size(queue.name)) < 3000);
    assert.equal(await reader.size(queue.name), 3000);
    await reader.close();
  });

  for (const confirm_publish of [true, false])
    test(`headers that fit into no frame are refused (confirm_publish: ${confirm_publish})`, async () => {
      const broker = await openAmqpBroker(url(5672), { confirm_publish });
      const large = { ...message("x"), headers: { task: "none", id: "x".repeat(1_000_000) } };
      await assert.rejects(broker.publish(large, to(spec().name)), { code: "ENCODE", message: /one frame/ });
      await broker.close();
    });

  test("a full socket holds the sender up, and what it held is sent when the connection is back", async () => {
    await using proxy = await Proxy.before(5672);
    const queue = spec();
    const broker = await openAmqpBroker(url(proxy.port), { confirm_publish: false });
    await broker.declareQueue(queue);
    proxy.freeze();
    const large = message("x".repeat(1_000_000));
    let held: Promise<void> | undefined;
    while (held === undefined) {
      let sent = false;
      const sending = broker.publish(large, to(queue.name)).then(() => void (sent = true));
      // What goes into a buffer is done within a few turns.
      for (let turn = 0; turn < 50 && !sent; turn++) await nextTurn();
      if (!sent) held = sending;
    }
    await proxy.cut();
    proxy.mend();
    await held;
    await broker.close();
    const reader = await openAmqpBroker(url(5672), {});
    assert.ok((await reader.size(queue.name)) >= 1);
    await reader.close();
  });
}
