import { once } from "node:events";
import { connect, type ChannelModel } from "amqplib";
import type { Contestant } from "../harness.ts";
import { AMQP, TASKS, fresh } from "./places.ts";
import { SENT } from "./small.ts";

export const BARE_RABBIT = "amqplib alone, no task";

/** As many messages per second as RabbitMQ and its client library hand over and have acknowledged, with nothing done. */
export async function drainRabbit(): Promise<Contestant> {
  const connection = await connect(AMQP);
  return {
    name: BARE_RABBIT,
    run: async () => {
      const queue = fresh("bare");
      await send(connection, queue, TASKS, true);
      const channel = await connection.createChannel();
      // What a worker with 50 slots has.
      await channel.prefetch(200, true);
      const { promise, resolve } = Promise.withResolvers<void>();
      let left = TASKS;
      let flushing = false;
      const started = performance.now();
      await channel.consume(queue, (message) => {
        left--;
        if (flushing || message === null) return;
        flushing = true;
        setImmediate(() => {
          flushing = false;
          channel.ackAll();
          if (left === 0) resolve();
        });
      });
      await promise;
      const rate = TASKS / ((performance.now() - started) / 1000);
      await channel.deleteQueue(queue);
      await channel.close();
      return rate;
    },
    close: () => connection.close(),
  };
}

/** As many messages of a task's size per second as the library writes. */
export async function enqueueRabbit(): Promise<Contestant> {
  const connection = await connect(AMQP);
  return {
    name: BARE_RABBIT,
    run: async () => {
      const queue = fresh("bare");
      const started = performance.now();
      const channel = await send(connection, queue, SENT, false);
      const rate = SENT / ((performance.now() - started) / 1000);
      await channel.deleteQueue(queue);
      await channel.close();
      return rate;
    },
    close: () => connection.close(),
  };
}

async function send(connection: ChannelModel, queue: string, count: number, confirmed: boolean) {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  const body = Buffer.from(JSON.stringify([[], {}, EMBED]));
  for (let i = 0; i < count; i++) {
    if (!channel.sendToQueue(queue, body, OPTIONS)) await once(channel, "drain");
  }
  if (confirmed) await channel.waitForConfirms();
  return channel;
}

const ID = "00000000-0000-4000-8000-000000000000";
const EMBED = { callbacks: null, errbacks: null, chain: null, chord: null };
/** Of a task without arguments. */
const OPTIONS = {
  persistent: true,
  contentType: "application/json",
  contentEncoding: "utf-8",
  correlationId: ID,
  replyTo: ID,
  headers: {
    lang: "js",
    task: "bench.noop",
    id: ID,
    root_id: ID,
    parent_id: null,
    group: null,
    group_index: null,
    shadow: null,
    eta: null,
    expires: null,
    retries: { "!": "int", value: 0 },
    timelimit: [null, null],
    argsrepr: "()",
    kwargsrepr: "{}",
    origin: "bare@bench",
    ignore_result: true,
    replaced_task_nesting: { "!": "int", value: 0 },
    stamped_headers: null,
    stamps: {},
  },
};
