import type { Message } from "../../protocol/message.ts";
import { openSqlite, type SqliteFile } from "../../sqlite/file.ts";
import type {
  Address,
  Broker,
  ConsumeOptions,
  Consumer,
  ListenSpec,
  Listener,
  QueueSpec,
} from "../broker.ts";
import { decodeEnvelope, encodeEnvelope } from "../redis/envelope.ts";
import { topicMatches } from "../topic.ts";
import { SqliteConsumer } from "./consumer.ts";

/** Broadcasts are for those who listen now; older ones are dropped as new ones come. */
const BROADCAST_LIFETIME_MS = 60_000;

/** A broker in one file for all processes of a machine. Priorities count as on Redis: 0 first, 9 last. */
export async function openSqliteBroker(url: string, leaseSeconds: number): Promise<Broker> {
  return new SqliteBroker(url, await openSqlite(url), leaseSeconds);
}

class SqliteBroker implements Broker {
  readonly url: string;
  readonly transport = "sqlite";
  readonly holdsEta = true;
  readonly #file: SqliteFile;
  readonly #leaseSeconds: number;
  readonly #open = new Set<{ close(): Promise<void> }>();

  constructor(url: string, file: SqliteFile, leaseSeconds: number) {
    this.url = url;
    this.#file = file;
    this.#leaseSeconds = leaseSeconds;
  }

  async declareQueue({ exchange, name, exchangeType, routingKey }: QueueSpec): Promise<void> {
    await this.#file.write(() =>
      this.#file.run(
        "INSERT OR REPLACE INTO bindings VALUES (?, ?, ?, ?)",
        exchange,
        name,
        exchangeType,
        routingKey,
      ),
    );
  }

  async publish(message: Message, address: Address, notBefore: number | null = null): Promise<void> {
    const envelope = encodeEnvelope(message, address);
    if (address.exchange === "")
      return this.#file.write(() => this.#insert(address.routingKey, message, envelope, notBefore), "q");
    await this.#file.write(() => this.#broadcast(address, envelope), "b");
    if (address.exchangeType === "fanout") return;
    await this.#file.write(() => {
      for (const queue of this.#bound(address)) this.#insert(queue, message, envelope, notBefore);
    }, "q");
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    for (const queue of options.queues) await this.declareQueue(queue);
    const consumer = new SqliteConsumer(this.#file, this.#leaseSeconds, options);
    this.#open.add(consumer);
    await consumer.start();
    return consumer;
  }

  async listen(spec: ListenSpec, onMessage: (message: Message, key: string) => void): Promise<Listener> {
    let seen = Number(this.#file.get("SELECT coalesce(max(id), 0) AS last FROM broadcasts")!["last"]);
    const stop = await this.#file.bells.listen("b", () => {
      const news = this.#file.all("SELECT * FROM broadcasts WHERE id > ? ORDER BY id", seen);
      for (const row of news) {
        seen = Number(row["id"]);
        const key = String(row["routing_key"]);
        if (row["exchange"] === spec.exchange && accepts(spec, key))
          onMessage(decodeEnvelope(String(row["envelope"])).message, key);
      }
    });
    const listener = { close: async () => stop() };
    this.#open.add(listener);
    return listener;
  }

  purge(queue: string): Promise<number> {
    return this.#file.write(() =>
      this.#file.run("DELETE FROM messages WHERE queue = ? AND (holder IS NULL OR holder = 'eta')", queue),
    );
  }

  async size(queue: string): Promise<number> {
    const counted = this.#file.get(
      "SELECT count(*) AS n FROM messages WHERE queue = ? AND (holder IS NULL OR holder = 'eta')",
      queue,
    );
    return Number(counted!["n"]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((one) => one.close()));
    this.#open.clear();
    await this.#file.close();
  }

  destroy(): void {
    this.#file.giveUp();
  }

  #insert(queue: string, message: Message, envelope: string, notBefore: number | null): void {
    const later = notBefore !== null && notBefore > Date.now();
    this.#file.run(
      "INSERT INTO messages (queue, priority, envelope, not_before, holder) VALUES (?, ?, ?, ?, ?)",
      queue,
      Math.min(9, Math.max(0, Math.trunc(message.properties.priority ?? 0))),
      envelope,
      notBefore ?? 0,
      later ? "eta" : null,
    );
  }

  #broadcast({ exchange, routingKey }: Address, envelope: string): void {
    const now = Date.now();
    this.#file.run("DELETE FROM broadcasts WHERE created < ?", now - BROADCAST_LIFETIME_MS);
    this.#file.run(
      "INSERT INTO broadcasts (exchange, routing_key, envelope, created) VALUES (?, ?, ?, ?)",
      exchange,
      routingKey,
      envelope,
      now,
    );
  }

  #bound({ exchange, routingKey }: Address): string[] {
    const rows = this.#file.all("SELECT queue, type, routing_key FROM bindings WHERE exchange = ?", exchange);
    const matching = rows.filter((row) =>
      accepts(
        {
          exchange,
          exchangeType: row["type"] as Address["exchangeType"],
          routingKey: String(row["routing_key"]),
        },
        routingKey,
      ),
    );
    return matching.map((row) => String(row["queue"]));
  }
}

function accepts(binding: Address, key: string): boolean {
  if (binding.exchangeType === "fanout") return true;
  if (binding.exchangeType === "direct") return binding.routingKey === key;
  return topicMatches(binding.routingKey, key);
}
