import { Batcher } from "../redis/batcher.ts";
import type { RedisClient } from "../redis/client.ts";

type OnBody = (body: Buffer) => void;

const LARGEST_BATCH = 500;

/** Subscriptions to result channels over one connection, opened with the first. */
export class Watchers {
  readonly #connect: () => Promise<RedisClient>;
  readonly #channels = new Map<string, { watchers: Set<OnBody>; subscribed: Promise<void> }>();
  readonly #subscribes: Batcher<string, void>;
  #client: Promise<RedisClient> | undefined;
  #dropped: string[] = [];

  constructor(connect: () => Promise<RedisClient>) {
    this.#connect = connect;
    this.#subscribes = new Batcher(async (channels) => {
      await (await this.#open()).subscribe(...channels);
      return Array.from(channels, () => undefined);
    }, LARGEST_BATCH);
  }

  async watch(channel: string, onBody: OnBody): Promise<() => void> {
    let entry = this.#channels.get(channel);
    if (entry === undefined) {
      entry = { watchers: new Set(), subscribed: this.#subscribes.add(channel) };
      this.#channels.set(channel, entry);
    }
    entry.watchers.add(onBody);
    await entry.subscribed;
    return () => this.#unwatch(channel, onBody);
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.disconnect();
    this.#client = undefined;
  }

  #unwatch(channel: string, onBody: OnBody): void {
    const entry = this.#channels.get(channel);
    if (entry === undefined || !entry.watchers.delete(onBody) || entry.watchers.size > 0) return;
    this.#channels.delete(channel);
    this.#dropped.push(channel);
    if (this.#dropped.length === 1) setImmediate(() => void this.#drop());
  }

  /** Channels watched again meanwhile stay. */
  async #drop(): Promise<void> {
    const channels = this.#dropped.filter((channel) => !this.#channels.has(channel));
    this.#dropped = [];
    const client = await this.#client?.catch(() => undefined);
    if (channels.length > 0) await client?.unsubscribe(...channels).catch(() => {});
  }

  #open(): Promise<RedisClient> {
    this.#client ??= this.#connect().then((client) => {
      client.on("messageBuffer", (channel: Buffer, body: Buffer) => {
        for (const watcher of this.#channels.get(channel.toString())?.watchers ?? []) watcher(body);
      });
      return client;
    });
    return this.#client;
  }
}
