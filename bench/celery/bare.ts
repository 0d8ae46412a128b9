import { connect } from "amqplib";
import { Redis } from "ioredis";
import { REDIS, fresh } from "./places.ts";
import { startNode } from "./processes.ts";
import { type Waiter, timed } from "./small.ts";

export const BARE = "the broker and an answer, nothing else";

/** What the same broker and Redis take for a message there and an answer back, with no protocol around them. */
export async function waitBare(broker: string): Promise<Waiter> {
  const [queue, channel] = [fresh("bare"), fresh("answers")];
  await startNode("bare-worker.ts", { BROKER: broker, QUEUE: queue, ANSWERS: channel });
  const { send, close } = await sender(broker, queue);
  const answers = new Redis(REDIS);
  await answers.subscribe(channel);
  let answered: () => void;
  answers.on("message", () => answered());
  const once = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = resolve;
    await send();
    await promise;
  };
  return {
    name: BARE,
    waits: () => timed(once),
    close: async () => {
      answers.disconnect();
      await close();
    },
  };
}

interface Sender {
  readonly send: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

async function sender(broker: string, queue: string): Promise<Sender> {
  if (broker.startsWith("amqp:")) {
    const connection = await connect(broker);
    const channel = await connection.createChannel();
    const send = async (): Promise<unknown> => channel.sendToQueue(queue, Buffer.from("task"));
    return { send, close: () => connection.close() };
  }
  const redis = new Redis(broker);
  return { send: () => redis.lpush(queue, "task"), close: async () => redis.disconnect() };
}
