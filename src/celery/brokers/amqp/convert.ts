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
  // Set only where there is something: the wire format has no `undefined`.
  const fields: Record<string, unknown> = {
    contentType,
    contentEncoding,
    headers: typed(headers),
    deliveryMode: deliveryMode ?? 2,
    priority: priority ?? 0,
  };
  if (correlationId !== undefined) fields["correlationId"] = correlationId;
  if (replyTo !== undefined) fields["replyTo"] = replyTo;
  if (expiration !== undefined) fields["expiration"] = expiration;
  return fields;
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
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(typed);
  if (value instanceof Date || ArrayBuffer.isView(value)) return value;
  const table: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) if (member !== undefined) table[key] = typed(member);
  return table;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
