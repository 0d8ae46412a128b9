import { connect } from "amqplib";
import { Redis } from "ioredis";
import { REDIS } from "./places.ts";

/** The least that a task costs: a message is taken from the broker, and an answer to it published on Redis. */
const { BROKER = "", QUEUE = "", ANSWERS = "" } = process.env;
const answers = new Redis(REDIS);
const answer = (): Promise<unknown> => answers.publish(ANSWERS, "done");

if (BROKER.startsWith("amqp:")) {
  const channel = await (await connect(BROKER)).createChannel();
  await channel.assertQueue(QUEUE, { autoDelete: true });
  await channel.consume(QUEUE, answer, { noAck: true });
} else void takeFromList();
process.on("SIGTERM", () => process.exit());
process.stdout.write("ready\n");

async function takeFromList(): Promise<never> {
  const tasks = new Redis(BROKER);
  for (;;) {
    await tasks.brpop(QUEUE, 0);
    await answer();
  }
}
