import type { ListenSpec } from "../brokers/broker.ts";
import { encode } from "../protocol/serializers.ts";
import type { Message } from "../protocol/message.ts";

/** A control command, field for field as on the wire. */
export interface ControlMessage {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly destination: readonly string[] | null;
  readonly pattern: string | null;
  readonly matcher: string | null;
  readonly ticket?: string;
  readonly reply_to?: { readonly exchange: string; readonly routing_key: string };
}

/** Celery's own: an unused control queue goes after 10 s, a command in it after 5 minutes. */
const QUEUE_EXPIRES_MS = 10_000;
const MESSAGE_TTL_MS = 300_000;

/** The mailbox that all workers hear. */
export function mailbox(exchange: string, node: string): ListenSpec {
  const name = `${exchange}.pidbox`;
  return {
    exchange: name,
    exchangeType: "fanout",
    routingKey: "",
    queue: `${node}.${name}`,
    expires: QUEUE_EXPIRES_MS,
    messageTtl: MESSAGE_TTL_MS,
  };
}

/** The mailbox of one caller for the workers' answers. */
export function replyBox(exchange: string, id: string): ListenSpec {
  const name = `reply.${exchange}.pidbox`;
  return {
    exchange: name,
    exchangeType: "direct",
    routingKey: id,
    queue: `${id}.${name}`,
    expires: QUEUE_EXPIRES_MS,
    messageTtl: MESSAGE_TTL_MS,
  };
}

export function controlMessage(body: unknown, headers: Readonly<Record<string, unknown>>): Message {
  return { ...encode(body, "json"), headers, properties: { deliveryMode: 1, priority: 0 } };
}
