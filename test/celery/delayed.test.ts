import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Celery, type Settings } from "spool/celery";
import { AmqpLink } from "../../src/celery/brokers/amqp/link.ts";
import { delayedAddress } from "../../src/celery/brokers/amqp/delayed.ts";
import { available, unique } from "./support/services.ts";

test("a delay is written as 28 bits before the routing key", () => {
  const five = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.1.celery";
  assert.deepEqual(delayedAddress(5.9, "celery"), { exchange: "celery_delayed_27", routingKey: five });
  assert.equal(delayedAddress(2 ** 40, "q").routingKey, `${"1.".repeat(28)}q`);
});

if (await available("rabbitmq")) {
  test("a task with a countdown waits inside RabbitMQ, not in a worker", { timeout: 60_000 }, async () => {
    const queue = unique("delayed");
    const settings: Partial<Settings> = {
      broker: "amqp://guest:guest@127.0.0.1:5672//",
      backend: "rpc://",
      taskDefaultQueue: queue,
      taskQueues: [{ name: queue, exchangeType: "topic", arguments: { "x-queue-type": "quorum" } }],
    };
    const app = new Celery("delayed", settings);
    app.task("delayed.when", () => Date.now());
    const worker = app.worker({ log: () => {}, hostname: `${queue}@test` });
    try {
      // The first of all tasks has the ladder declared, which may take longer than the countdown.
      await app.sendTask("delayed.when");
      const before = Date.now();
      const later = await app.sendTask<number>("delayed.when", [], { countdown: 4 });
      await worker.start();
      // Its message would have come before this one, had it not been held back.
      await app.sendTask("delayed.when").get({ timeout: 20 });
      const held = await app.control.inspect.scheduled({ destination: [worker.node], timeout: 10 });
      assert.deepEqual(held[worker.node], []);
      assert.ok((await later.get({ timeout: 30 })) >= before + 4000);
    } finally {
      await worker.stop();
      await app.close();
      await remove(settings.broker!, queue);
    }
  });
}

/** The ladder stays for others; the queue is this test's own. */
async function remove(broker: string, queue: string): Promise<void> {
  const link = new AmqpLink(broker, {});
  const channel = await link.channel();
  await channel.deleteQueue(queue);
  await channel.deleteExchange(queue);
  await link.close();
}
