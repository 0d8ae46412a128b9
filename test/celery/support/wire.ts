import { randomUUID } from "node:crypto";
import { Celery, type Settings } from "spool/celery";
import { connectRedis, redisAddress, type RedisClient } from "../../../src/celery/redis/client.ts";
import { unique } from "./services.ts";

/** A Redis as a foreign program sees it: what stands in its keys, and messages put there by hand. */
export interface Wire {
  readonly app: Celery;
  readonly redis: RedisClient;
  readonly queue: string;
  /** The key of this name, with the prefix of this run. */
  key(name: string): string;
  /** The envelopes in a queue's list, the next to be taken first. */
  waiting(queue?: string): Promise<Envelope[]>;
  /** Puts a message there as a foreign client does. */
  push(
    headers: Record<string, unknown>,
    body: unknown,
    change?: (envelope: Envelope) => unknown,
  ): Promise<void>;
}

export interface Envelope {
  body: string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown>;
  [field: string]: unknown;
}

const URL = "redis://127.0.0.1:6379/5";

/** An app on a key prefix of its own, with all keys removed at the end. */
export async function onWire(
  settings: Partial<Settings>,
  body: (wire: Wire) => Promise<void>,
): Promise<void> {
  const prefix = `${unique("wire")}:`;
  const transport = { global_keyprefix: prefix };
  const queue = "main";
  const app = new Celery("wire", {
    broker: URL,
    backend: URL,
    taskDefaultQueue: queue,
    resultExpires: 60,
    brokerTransportOptions: transport,
    resultBackendTransportOptions: transport,
    ...settings,
  });
  const redis = await connectRedis(redisAddress(URL, {}));
  const key = (name: string): string => prefix + name;
  const waiting = async (name = queue): Promise<Envelope[]> =>
    (await redis.lrange(key(name), 0, -1)).reverse().map((text) => JSON.parse(text) as Envelope);
  const push: Wire["push"] = async (headers, value, change = (envelope) => envelope) => {
    const envelope: Envelope = {
      body: Buffer.from(JSON.stringify(value)).toString("base64"),
      "content-encoding": "utf-8",
      "content-type": "application/json",
      headers,
      properties: {
        delivery_mode: 2,
        delivery_info: { exchange: "", routing_key: queue },
        priority: 0,
        body_encoding: "base64",
        delivery_tag: randomUUID(),
      },
    };
    const changed = change(envelope);
    await redis.lpush(key(queue), typeof changed === "string" ? changed : JSON.stringify(changed));
  };
  try {
    await body({ app, redis, queue, key, waiting, push });
  } finally {
    await app.close();
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  }
}

/** The three elements of a message's body. */
export function bodyOf(envelope: Envelope): [unknown[], Record<string, unknown>, Record<string, any>] {
  return JSON.parse(Buffer.from(envelope.body, "base64").toString("utf8")) as ReturnType<typeof bodyOf>;
}
