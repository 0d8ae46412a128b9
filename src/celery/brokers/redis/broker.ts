import { randomUUID } from "node:crypto";
import type { Message } from "../../protocol/message.ts";
import { Batcher } from "../../redis/batcher.ts";
import { RedisConnections, redisAddress, type RedisAddress, type RedisClient } from "../../redis/client.ts";
import type {
  Address,
  Broker,
  ConsumeOptions,
  Consumer,
  ListenSpec,
  Listener,
  QueueSpec,
} from "../broker.ts";
import { topicMatches } from "../topic.ts";
import { RedisConsumer } from "./consumer.ts";
import { encodeEnvelope } from "./envelope.ts";
import { RedisKeys } from "./keys.ts";
import { Listeners } from "./listeners.ts";
import { PUSH } from "./scripts.ts";

export interface RedisBrokerOptions {
  readonly leaseSeconds: number;
  /** Celery's `broker_transport_options`. */
  readonly transport: Readonly<Record<string, unknown>>;
}

/** Celery's own default of `visibility_timeout`, in seconds. */
const VISIBILITY_TIMEOUT = 3600;
const LARGEST_PUSH = 500;
/** Batches under way at once whose repetition after a lost connection is recognised. */
const SENT_SLOTS = 1024;

/** Celery's Redis transport: lists, a hash of what is held, channels for fanout. Needs Redis 6.2. */
export async function openRedisBroker(url: string, options: RedisBrokerOptions): Promise<Broker> {
  const address = redisAddress(url, options.transport);
  const connections = new RedisConnections(address);
  return new RedisBroker(url, address, connections, await connections.connect(), options);
}

class RedisBroker implements Broker {
  readonly url: string;
  readonly transport = "redis";
  readonly holdsEta = false;
  readonly #given: string;
  readonly #connections: RedisConnections;
  readonly #client: RedisClient;
  readonly #options: RedisBrokerOptions;
  readonly #keys: RedisKeys;
  readonly #listeners: Listeners;
  readonly #consumers = new Set<Consumer>();
  readonly #sender = randomUUID();
  #number = 0;
  readonly #pushes: Batcher<{ list: string; envelope: string }, void>;

  constructor(
    given: string,
    address: RedisAddress,
    connections: RedisConnections,
    client: RedisClient,
    options: RedisBrokerOptions,
  ) {
    this.url = address.shown;
    this.#given = given;
    this.#connections = connections;
    this.#client = client;
    this.#options = options;
    this.#keys = new RedisKeys(address.db, options.transport);
    this.#listeners = new Listeners(this.#keys, client, () => connections.connect());
    this.#pushes = new Batcher((items) => this.#push(items), LARGEST_PUSH);
  }

  async declareQueue({ exchange, name, routingKey }: QueueSpec): Promise<void> {
    if (exchange === "") return;
    await this.#client.sadd(this.#keys.binding(exchange), this.#keys.bindingMember(routingKey, name));
  }

  async publish(message: Message, address: Address): Promise<void> {
    const { exchange, exchangeType, routingKey } = address;
    if (exchangeType !== "direct" && (exchangeType === "fanout" || this.#listeners.isFanout(exchange))) {
      await this.#client.publish(
        this.#keys.channel(exchange, exchangeType === "fanout" ? "" : routingKey),
        encodeEnvelope(message, address),
      );
      return;
    }
    const priority = message.properties.priority ?? 0;
    const envelope = encodeEnvelope(message, address);
    if (exchange === "") return this.#pushes.add({ list: this.#keys.list(routingKey, priority), envelope });
    const queues = await this.#lookup(address);
    await Promise.all(
      queues.map((queue) => this.#pushes.add({ list: this.#keys.list(queue, priority), envelope })),
    );
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    for (const queue of options.queues) await this.declareQueue(queue);
    const { leaseSeconds, transport } = this.#options;
    const timeout = transport["visibility_timeout"];
    const consumer = new RedisConsumer(
      {
        client: this.#client,
        keys: this.#keys,
        holding: { kind: "redis", url: this.#given, transport, tagPrefix: `${randomUUID()}.` },
        leaseSeconds,
        visibilityTimeout: typeof timeout === "number" ? timeout : VISIBILITY_TIMEOUT,
        connect: () => this.#connections.connect(),
      },
      options,
    );
    this.#consumers.add(consumer);
    await consumer.start();
    return consumer;
  }

  listen(spec: ListenSpec, onMessage: (message: Message, key: string) => void): Promise<Listener> {
    return this.#listeners.listen(spec, onMessage);
  }

  async purge(queue: string): Promise<number> {
    const lists = this.#keys.lists(queue);
    const size = await this.size(queue);
    await this.#client.del(...lists);
    return size;
  }

  async size(queue: string): Promise<number> {
    const sizes = await Promise.all(this.#keys.lists(queue).map((list) => this.#client.llen(list)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async close(): Promise<void> {
    await this.#pushes.drain();
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await this.#listeners.close();
    this.#client.disconnect();
  }

  destroy(): void {
    this.#connections.disconnect();
  }

  /** One command for each list, in the order given. */
  async #push(items: readonly { list: string; envelope: string }[]): Promise<undefined[]> {
    const byList = new Map<string, string[]>();
    for (const { list, envelope } of items) {
      const same = byList.get(list);
      if (same === undefined) byList.set(list, [envelope]);
      else same.push(envelope);
    }
    const sent = `${this.#keys.sent}.${this.#sender}`;
    await Promise.all(
      [...byList].map(([list, envelopes]) => {
        const number = this.#number++;
        return PUSH.run(this.#client, [sent, list], [number % SENT_SLOTS, number, ...envelopes]);
      }),
    );
    return Array.from(items, () => undefined);
  }

  async #lookup({ exchange, exchangeType, routingKey }: Address): Promise<string[]> {
    const members = await this.#client.smembers(this.#keys.binding(exchange));
    return members.flatMap((member) => {
      const [key = "", pattern = "", queue = ""] = member.split(this.#keys.separator);
      const matched =
        exchangeType === "topic"
          ? topicMatches(pattern === "" ? key : pattern, routingKey)
          : key === routingKey;
      return matched ? [queue] : [];
    });
  }
}
