import "../support/leaks.ts";
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type ChannelModel, connect } from "amqplib";
import { Celery } from "spool/celery";
import { openAmqpBroker } from "../../src/celery/brokers/amqp/broker.ts";
import { available, unique } from "./support/services.ts";

/** What RabbitMQ may do to a worker short of losing the connection. */

const URL = "amqp://guest:guest@127.0.0.1:5672//";
const timeout = { timeout: 20 };

async function withWorker(
  work: (stage: { app: Celery; node: string; queue: string; server: ChannelModel }) => Promise<void>,
): Promise<void> {
  const queue = unique("faults");
  const app = new Celery("faults", {
    broker: URL,
    taskDefaultQueue: queue,
    taskQueues: [{ name: queue, arguments: { "x-expires": 60_000 } }],
  });
  app.task("faults.add", (x: number, y: number) => x + y);
  const worker = app.worker({ hostname: `${queue}@test`, log: () => {} });
  const server = await connect(URL);
  try {
    await worker.start();
    assert.equal(await app.sendTask("faults.add", [1, 2]).get(timeout), 3);
    await work({ app, node: worker.node, queue, server });
  } finally {
    await worker.stop();
    await app.close();
    await server.close();
  }
}

if (await available("rabbitmq")) {
  test("a queue that cannot be taken from does no harm to the others", () =>
    withWorker(async ({ app, node, queue, server }) => {
      const other = `${queue}-other`;
      const channel = await server.createChannel();
      // The worker would declare it without these arguments, which the server refuses.
      await channel.assertQueue(other, { arguments: { "x-max-priority": 3 } });
      const replies = await app.control.addConsumer(other, { destination: [node], timeout: 20 });
      assert.match(JSON.stringify(replies[node]), /error.*PRECONDITION_FAILED/);
      await channel.deleteQueue(other);
      assert.equal(await app.sendTask("faults.add", [3, 4]).get(timeout), 7);
      const queues = await app.control.inspect.activeQueues({ destination: [node], timeout: 20 });
      assert.equal((queues[node] as unknown[]).length, 1);
    }));

  test("a queue that was deleted is declared again and taken from", () =>
    withWorker(async ({ app, queue, server }) => {
      const channel = await server.createChannel();
      await channel.deleteQueue(queue);
      const consumers = async (): Promise<number> => {
        const own = await server.createChannel();
        own.on("error", () => {});
        try {
          const { consumerCount } = await own.checkQueue(queue);
          await own.close();
          return consumerCount;
        } catch {
          return 0; // There is no such queue yet.
        }
      };
      for (const until = Date.now() + 20_000; (await consumers()) === 0;)
        assert.ok(Date.now() < until, "nobody takes from the queue");
      assert.equal(await app.sendTask("faults.add", [5, 6]).get(timeout), 11);
    }));

  test("a mailbox that was deleted is there again", () =>
    withWorker(async ({ app, node, server }) => {
      const channel = await server.createChannel();
      await channel.deleteQueue(`${node}.celery.pidbox`);
      for (const until = Date.now() + 20_000; ;) {
        const replies = await app.control.ping({ destination: [node], timeout: 0.5 });
        if (node in replies) break;
        assert.ok(Date.now() < until, "the worker does not answer");
      }
    }));
}

test("a server that accepts a connection and says nothing is given up", { timeout: 40_000 }, async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on("error", () => {}))).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await assert.rejects(openAmqpBroker(`amqp://127.0.0.1:${port}`, {}), {
    code: "OPERATIONAL",
    message: /cannot be reached/,
  });
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
});
