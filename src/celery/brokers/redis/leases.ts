import { clock } from "../../../core/index.ts";
import { decodeJson, encodeJson } from "../../protocol/json.ts";
import type { Keeper } from "../keeper/keeper.ts";
import { Vigil } from "../vigil.ts";
import { decodeEnvelope, encodeEnvelope } from "./envelope.ts";
import type { RedisConsumerParts } from "./consumer-parts.ts";
import { CLAIM_LOST, PUT_BACK, RENEW } from "./scripts.ts";

/** Renewals per lease: two may fail before the lease is lost. */
const RENEWALS = 3;

/** Renews the leases of what this consumer holds, and puts back what dead consumers held. */
export class Leases {
  readonly #parts: RedisConsumerParts;
  readonly #held: () => readonly string[];
  readonly #keeper: Keeper | undefined;
  readonly #vigil: Vigil;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(parts: RedisConsumerParts, held: () => readonly string[], keeper: Keeper | undefined) {
    this.#keeper = keeper;
    this.#parts = parts;
    this.#held = held;
    this.#vigil = new Vigil(parts.leaseSeconds);
  }

  start(): void {
    void this.#round().finally(() => {
      if (this.#closed) return;
      // What holds the program is its worker, not a timer that is there most of the time.
      this.#cancel = clock().after(this.#parts.leaseSeconds / RENEWALS, () => this.start(), { unref: true });
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #round(): Promise<void> {
    try {
      await this.#renew();
      if (this.#vigil.renewed()) await this.#restoreLost();
    } catch {
      // The connection is away; the next round comes soon enough.
    }
  }

  /** Asks the server in any case, so that its absence is noticed. */
  async #renew(): Promise<void> {
    const tags = this.#held();
    this.#keeper?.beat(tags.length);
    const { client, keys, leaseSeconds } = this.#parts;
    const now = Date.now() / 1000;
    await RENEW.run(client, [keys.index, keys.lease], [now, now + leaseSeconds, ...tags]);
  }

  async #restoreLost(): Promise<void> {
    const { client, keys, leaseSeconds, visibilityTimeout } = this.#parts;
    const now = Date.now() / 1000;
    const found = (await CLAIM_LOST.run(
      client,
      [keys.unacked, keys.index, keys.lease],
      [now, now + leaseSeconds, now - visibilityTimeout, leaseSeconds],
    )) as string[];
    for (let i = 0; i < found.length; i += 2) await this.#putBack(found[i]!, found[i + 1]!);
  }

  async #putBack(tag: string, held: string): Promise<void> {
    const { client, keys } = this.#parts;
    const { list, envelope } = this.#readHeld(held) ?? {};
    if (list === undefined || envelope === undefined) {
      await client.multi().hdel(keys.unacked, tag).zrem(keys.index, tag).zrem(keys.lease, tag).exec();
      return;
    }
    await PUT_BACK.run(client, [keys.unacked, keys.index, keys.lease, list], [tag, envelope, "RPUSH"]);
  }

  /** Undefined when what is held is no message: it could never be delivered. */
  #readHeld(held: string): { list: string; envelope: string } | undefined {
    try {
      const [content, , routingKey] = decodeJson(held) as [unknown, string, string];
      const { message, address } = decodeEnvelope(encodeJson(content));
      const list = this.#parts.keys.list(routingKey, message.properties.priority ?? 0);
      return { list, envelope: encodeEnvelope(message, address, true) };
    } catch {
      return undefined;
    }
  }
}
