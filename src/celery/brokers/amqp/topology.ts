import type { ListenSpec, QueueSpec } from "../broker.ts";
import { declareDelayed, isDelayed } from "./delayed.ts";
import type { AmqpChannel } from "./link.ts";

/** Declares a task queue as Celery does; other flags on an existing one are refused by the server. */
export async function declareTaskQueue(channel: AmqpChannel, queue: QueueSpec): Promise<void> {
  const { name, exchange, exchangeType, routingKey } = queue;
  if (exchange !== "") await channel.assertExchange(exchange, exchangeType, { durable: true });
  await channel.assertQueue(name, { durable: true, arguments: queue.arguments ?? {} });
  if (exchange === "") return;
  await channel.bindQueue(name, exchange, routingKey);
  if (isDelayed(queue)) await declareDelayed(channel, queue);
}

/** Declares the private queue of a listener. */
export async function declarePrivateQueue(channel: AmqpChannel, spec: ListenSpec): Promise<void> {
  const args: Record<string, number> = {};
  if (spec.expires !== undefined) args["x-expires"] = spec.expires;
  if (spec.messageTtl !== undefined) args["x-message-ttl"] = spec.messageTtl;
  await channel.assertQueue(spec.queue, { durable: false, autoDelete: true, arguments: args });
  if (spec.exchange === "") return;
  const durable = spec.durableExchange ?? false;
  await channel.assertExchange(spec.exchange, spec.exchangeType, { durable });
  await channel.bindQueue(spec.queue, spec.exchange, spec.routingKey);
}

/** Quorum queues know no prefetch count for a whole channel. */
export function isQuorum(queue: QueueSpec): boolean {
  return queue.arguments?.["x-queue-type"] === "quorum";
}
