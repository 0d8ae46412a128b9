import type { RedisClient } from "../../redis/client.ts";
import type { RedisHolding } from "./holding.ts";
import type { RedisKeys } from "./keys.ts";

/** What a Redis consumer is made of. Durations are seconds. */
export interface RedisConsumerParts {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  /** What this consumer takes is told apart by how its tags begin. */
  readonly holding: RedisHolding;
  readonly leaseSeconds: number;
  readonly visibilityTimeout: number;
  /** A connection of its own for a call that blocks. */
  readonly connect: () => Promise<RedisClient>;
}
