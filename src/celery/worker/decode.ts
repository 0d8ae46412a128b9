import type { Delivery } from "../brokers/broker.ts";
import { expand } from "../protocol/compression.ts";
import { decode } from "../protocol/serializers.ts";
import {
  decodeBody,
  decodeHeaders,
  decodeV1,
  type TaskBody,
  type TaskHeaders,
} from "../protocol/task-message.ts";
import type { Settings } from "../settings.ts";

export interface Decoded {
  readonly headers: TaskHeaders;
  readonly body: TaskBody;
}

/** Reads a task message of either protocol. Throws for whatever is wrong with it; a promise only where it is compressed. */
export function decodeDelivery(delivery: Delivery, settings: Settings): Decoded | Promise<Decoded> {
  const { message } = delivery;
  const compression = message.headers["compression"];
  if (typeof compression === "string") {
    return expand(message.body, compression).then((body) => decodeMessage({ ...message, body }, settings));
  }
  return decodeMessage(message, settings);
}

function decodeMessage(message: Delivery["message"], settings: Settings): Decoded {
  if (!("task" in message.headers)) return decodeV1(decode(message, settings.acceptContent));
  const headers = decodeHeaders(message);
  return { headers, body: decodeBody(decode(message, settings.acceptContent)) };
}

/** The id that a broken message is known by, if it says one at all. */
export function idOf(delivery: Delivery): string | undefined {
  const { headers, properties } = delivery.message;
  return [headers["id"], properties.correlationId].find(
    (id): id is string => typeof id === "string" && id !== "",
  );
}
