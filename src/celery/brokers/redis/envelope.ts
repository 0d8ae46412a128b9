import { randomUUID } from "node:crypto";
import { DecodeError } from "../../../core/index.ts";
import { decodeJson, encodeJson } from "../../protocol/json.ts";
import type { Message } from "../../protocol/message.ts";
import type { Address } from "../broker.ts";

/** The JSON text that stands in a Redis list for one message. Also the form in which SQLite keeps one. */
export function encodeEnvelope(
  message: Message,
  { exchange, routingKey }: Address,
  redelivered = false,
): string {
  const { correlationId, replyTo, priority, expiration, deliveryMode } = message.properties;
  return encodeJson({
    body: Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength).toString(
      "base64",
    ),
    "content-encoding": message.contentEncoding,
    "content-type": message.contentType,
    headers: redelivered ? { ...message.headers, redelivered: true } : message.headers,
    properties: {
      ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      ...(expiration === undefined ? {} : { expiration }),
      delivery_mode: deliveryMode ?? 2,
      delivery_info: redelivered
        ? { exchange, routing_key: routingKey, redelivered: true }
        : { exchange, routing_key: routingKey },
      priority: priority ?? 0,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  });
}

export interface Opened {
  readonly message: Message;
  readonly address: Address;
  readonly redelivered: boolean;
}

/** Reads an envelope. Lenient with what is missing, as the message may come from anyone; throws where it is no message. */
export function decodeEnvelope(text: string): Opened {
  const envelope = decodeJson(text);
  if (typeof envelope !== "object" || envelope === null || Array.isArray(envelope))
    throw new DecodeError("A message in Redis must be a JSON object");
  const fields = envelope as Record<string, unknown>;
  const properties = record(fields["properties"]);
  const info = record(properties["delivery_info"]);
  const headers = record(fields["headers"]);
  return {
    message: {
      headers,
      contentType: textOr(fields["content-type"], ""),
      contentEncoding: textOr(fields["content-encoding"], "utf-8"),
      body: bodyOf(fields["body"], properties["body_encoding"]),
      properties: {
        correlationId: optionalText(properties["correlation_id"]),
        replyTo: optionalText(properties["reply_to"]),
        priority: typeof properties["priority"] === "number" ? properties["priority"] : 0,
        expiration: optionalText(properties["expiration"]),
        deliveryMode: properties["delivery_mode"] === 1 ? 1 : 2,
      },
    },
    address: {
      exchange: textOr(info["exchange"], ""),
      exchangeType: "direct",
      routingKey: textOr(info["routing_key"], ""),
    },
    redelivered: headers["redelivered"] === true || info["redelivered"] === true,
  };
}

function bodyOf(body: unknown, encoding: unknown): Buffer {
  if (typeof body !== "string") throw new DecodeError("A message in Redis must have its body as a text");
  return Buffer.from(body, encoding === "base64" ? "base64" : "utf8");
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
