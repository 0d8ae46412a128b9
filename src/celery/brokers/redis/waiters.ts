import { clock } from "../../../core/index.ts";
import type { RedisClient } from "../../redis/client.ts";

/** Seconds of one blocking call; a connection that died without a word is noticed after that. */
const BLOCK_SECONDS = 10;
const RETRY_SECONDS = 0.2;

/**
 * Waits for messages without taking any: a blocking move of a list's last entry onto its own end returns once there
 * is one and changes nothing. (Blocking pops take the message out before anything is on record, so a kill at that
 * moment would lose it.) One connection for each list, because such a call blocks its connection.
 */
export class Waiters {
  readonly #connect: () => Promise<RedisClient>;
  readonly #onReady: () => void;
  readonly #lists = new Map<string, { client: RedisClient | undefined; waiting: boolean }>();
  #closed = false;
  #idle = false;

  constructor(connect: () => Promise<RedisClient>, onReady: () => void) {
    this.#connect = connect;
    this.#onReady = onReady;
  }

  add(list: string): void {
    if (this.#closed || this.#lists.has(list)) return;
    this.#lists.set(list, { client: undefined, waiting: false });
    if (this.#idle) this.wait();
  }

  remove(list: string): void {
    this.#lists.get(list)?.client?.disconnect();
    this.#lists.delete(list);
  }

  /** The queues are empty: report the next message. */
  wait(): void {
    this.#idle = true;
    for (const list of this.#lists.keys()) void this.#waitOn(list);
  }

  /** There is no room for messages; what is there can stay. */
  rest(): void {
    this.#idle = false;
  }

  close(): void {
    this.#closed = true;
    for (const list of this.#lists.keys()) this.remove(list);
  }

  async #waitOn(list: string): Promise<void> {
    const entry = this.#lists.get(list);
    if (entry === undefined || entry.waiting) return;
    entry.waiting = true;
    let found: string | null = null;
    try {
      entry.client ??= await this.#open(list);
      found = (await entry.client?.blmove(list, list, "RIGHT", "RIGHT", BLOCK_SECONDS)) ?? null;
    } catch {
      // Disconnected by close(), or refused by the server: one that is full or has become a replica refuses at once.
      if (!this.#closed && this.#lists.get(list) === entry)
        await new Promise<void>((resolve) => clock().after(RETRY_SECONDS, resolve));
    }
    entry.waiting = false;
    if (this.#closed || this.#lists.get(list) !== entry) return;
    if (found !== null) this.#report();
    else if (this.#idle) setImmediate(() => void this.#waitOn(list));
  }

  #report(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#onReady();
  }

  async #open(list: string): Promise<RedisClient | undefined> {
    const client = await this.#connect();
    if (!this.#closed && this.#lists.has(list)) return client;
    client.disconnect();
    return undefined;
  }
}
