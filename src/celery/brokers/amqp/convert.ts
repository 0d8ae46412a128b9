import type { Message } from "../../protocol/message.ts";
import type { AmqpMessage } from "./link.ts";

/** AMQP's basic properties for a message. */
export function toAmqp({
  headers,
  properties,
  contentType,
  contentEncoding,
}: Message): Record<string, unknown> {
  const { correlationId, replyTo, priority, expiration, deliveryMode } = properties;
  const fields = {
    contentType,
    contentEncoding,
    headers: defined(headers),
    persistent: deliveryMode !== 1,
    priority: priority ?? 0,
    correlationId,
    replyTo,
    expiration,
  };
  return defined(fields);
}

export function fromAmqp({ content, properties }: AmqpMessage): Message {
  const p = properties as unknown as Record<string, unknown>;
  return {
    body: content,
    contentType: text(p["contentType"]) ?? "",
    contentEncoding: text(p["contentEncoding"]) ?? "utf-8",
    headers: (p["headers"] as Record<string, unknown> | undefined) ?? {},
    properties: {
      correlationId: text(p["correlationId"]),
      replyTo: text(p["replyTo"]),
      priority: typeof p["priority"] === "number" ? p["priority"] : 0,
      expiration: text(p["expiration"]),
      deliveryMode: p["deliveryMode"] === 1 ? 1 : 2,
    },
  };
}

/** The wire format has no `undefined`. */
function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
