import type { AmqpChannel } from "./link.ts";
import type { QueueSpec } from "../broker.ts";

/**
 * Celery's native delayed delivery (5.5 and later): messages with an eta wait inside RabbitMQ, in a ladder of queues
 * whose messages expire after 2^n seconds each. A delay is written as 28 bits before the routing key; each level that
 * has its bit set holds the message for its time, the others hand it down.
 *
 *     celery_delayed_27 -> ... -> celery_delayed_0 -> celery_delayed_delivery -> the task's exchange
 *
 * Names and arguments are Celery's own: both sides declare the same ladder.
 */
const LEVELS = 28;
const TOP = `celery_delayed_${LEVELS - 1}`;
const DELIVERY = "celery_delayed_delivery";
const LONGEST_SECONDS = 2 ** LEVELS - 1;

/** Only quorum queues need it (a consumer's prefetch count is fixed there), and only topic exchanges let it through. */
export function isDelayed(queue: QueueSpec): boolean {
  return queue.arguments?.["x-queue-type"] === "quorum" && queue.exchangeType === "topic";
}

/** Declares the ladder and hangs the queue on its end. */
export async function declareDelayed(
  channel: AmqpChannel,
  { name, exchange, routingKey }: QueueSpec,
): Promise<void> {
  await channel.assertExchange(DELIVERY, "topic", { durable: true });
  // From the bottom up, as each level refers to the one below.
  for (let level = 0; level < LEVELS; level++) await declareLevel(channel, level);
  await channel.bindExchange(exchange, DELIVERY, `#.${routingKey}`);
  await channel.bindQueue(name, exchange, `#.${routingKey}`);
}

async function declareLevel(channel: AmqpChannel, level: number): Promise<void> {
  const own = `celery_delayed_${level}`;
  const below = level === 0 ? DELIVERY : `celery_delayed_${level - 1}`;
  const higherBits = "*.".repeat(LEVELS - 1 - level);
  await channel.assertExchange(own, "topic", { durable: true });
  await channel.assertQueue(own, {
    durable: true,
    arguments: {
      "x-queue-type": "quorum",
      "x-overflow": "reject-publish",
      "x-message-ttl": 2 ** level * 1000,
      "x-dead-letter-exchange": below,
      "x-dead-letter-strategy": "at-least-once",
    },
  });
  await channel.bindQueue(own, own, `${higherBits}1.#`);
  await channel.bindExchange(below, own, `${higherBits}0.#`);
}

/** Where a message goes that is not to arrive before so many whole seconds; at least one. */
export function delayedAddress(
  seconds: number,
  routingKey: string,
): { readonly exchange: string; readonly routingKey: string } {
  const bits = Math.min(Math.trunc(seconds), LONGEST_SECONDS).toString(2).padStart(LEVELS, "0");
  return { exchange: TOP, routingKey: `${bits.split("").join(".")}.${routingKey}` };
}
