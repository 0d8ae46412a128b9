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
    headers: typed(headers),
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

/**
 * Says the type of every integer. Left to itself the library writes those from 128 to 32767 as the type `s`, which
 * Python's client takes for a short string, and its worker dies of it.
 */
function typed(value: unknown): unknown {
  if (typeof value === "number" && Number.isInteger(value))
    return { "!": Math.abs(value) < 2 ** 31 ? "int" : "long", value };
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== "object" || value === null || value instanceof Date || ArrayBuffer.isView(value))
    return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, typed(member)]])),
  );
}

/** The wire format has no `undefined`. */
function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
