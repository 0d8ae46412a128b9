import { connectRedis, redisAddress } from "../../redis/client.ts";
import { RedisKeys } from "./keys.ts";
import { RENEW_ALL } from "./scripts.ts";

/** What one consumer holds in Redis, as its broker's settings and the beginning of its tags say. */
export interface RedisHolding {
  readonly kind: "redis";
  readonly url: string;
  readonly transport: Readonly<Record<string, unknown>>;
  readonly tagPrefix: string;
}

/** Renews all of it, on a connection that lasts as long as that takes. */
export async function renewRedis(
  { url, transport, tagPrefix }: RedisHolding,
  leaseSeconds: number,
): Promise<void> {
  const address = redisAddress(url, transport);
  const keys = new RedisKeys(address.db, transport);
  const client = await connectRedis(address);
  try {
    const now = Date.now() / 1000;
    await RENEW_ALL.run(client, [keys.index, keys.lease], [now, now + leaseSeconds, tagPrefix]);
  } finally {
    client.disconnect();
  }
}
