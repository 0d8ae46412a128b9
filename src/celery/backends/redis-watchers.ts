import { clock } from "../../core/index.ts";
import { Batcher } from "../redis/batcher.ts";
import type { RedisClient } from "../redis/client.ts";

type OnBody = (body: Buffer) => void;

const LARGEST_BATCH = 500;
/** Channels that nobody watches any more are left together: who waits for one task after the other pays once for many. */
const DROP_SECONDS = 0.05;

/**
 * Subscriptions to result channels over one connection, opened with the first. What was announced while the connection
 * was lost is read afterwards.
 */
export class Watchers {
  readonly #connect: () => Promise<RedisClient>;
  readonly #read: (key: string) => Promise<Buffer | null>;
  readonly #channels = new Map<string, { watchers: Set<OnBody>; subscribed: Promise<void> }>();
  readonly #subscribes: Batcher<string, void>;
  #client: Promise<RedisClient> | undefined;
  #dropped: string[] = [];
  #cancelDrop: (() => void) | undefined;

  /** A result's channel and its key have the same name; `read` gives what is stored there. */
  constructor(connect: () => Promise<RedisClient>, read: (key: string) => Promise<Buffer | null>) {
    this.#connect = connect;
    this.#read = read;
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
    this.#cancelDrop?.();
    const client = await this.#client?.catch(() => undefined);
    client?.disconnect();
    this.#client = undefined;
  }

  #unwatch(channel: string, onBody: OnBody): void {
    const entry = this.#channels.get(channel);
    if (entry === undefined || !entry.watchers.delete(onBody) || entry.watchers.size > 0) return;
    this.#channels.delete(channel);
    this.#dropped.push(channel);
    this.#cancelDrop ??= clock().after(DROP_SECONDS, () => void this.#drop(), { unref: true });
  }

  /** Channels watched again meanwhile stay. */
  async #drop(): Promise<void> {
    this.#cancelDrop = undefined;
    const channels = this.#dropped.filter((channel) => !this.#channels.has(channel));
    this.#dropped = [];
    const client = await this.#client?.catch(() => undefined);
    if (channels.length > 0) await client?.unsubscribe(...channels).catch(() => {});
  }

  #tell(channel: string, body: Buffer): void {
    for (const watcher of this.#channels.get(channel)?.watchers ?? []) watcher(body);
  }

  /** The client subscribes again by itself; asking once more tells when that has been done. */
  async #catchUp(client: RedisClient): Promise<void> {
    const channels = [...this.#channels.keys()];
    if (channels.length === 0) return;
    await client.subscribe(...channels);
    await Promise.all(
      channels.map(async (channel) => {
        const body = await this.#read(channel);
        if (body !== null) this.#tell(channel, body);
      }),
    );
  }

  #open(): Promise<RedisClient> {
    this.#client ??= this.#connect().then((client) => {
      client.on("messageBuffer", (channel: Buffer, body: Buffer) => {
        this.#tell(channel.toString(), body);
      });
      client.on("ready", () => void this.#catchUp(client).catch(() => {}));
      return client;
    });
    return this.#client;
  }
}
