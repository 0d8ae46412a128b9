import type { ConsumeOptions, Consumer, Delivery, QueueSpec } from "../broker.ts";
import { Acks } from "./acks.ts";
import { fromAmqp } from "./convert.ts";
import { pause, type AmqpChannel, type AmqpLink, type AmqpMessage } from "./link.ts";
import { declareTaskQueue, isQuorum } from "./topology.ts";

const RETRY_SECONDS = 0.5;

/** Consumes on a channel of its own, which is set up again after each lost connection. */
export class AmqpConsumer implements Consumer {
  readonly #link: AmqpLink;
  readonly #options: ConsumeOptions;
  readonly #queues = new Map<string, Taken>();
  #channel: AmqpChannel | undefined;
  #acks: Acks | undefined;
  #prefetch: number;
  #paused = false;
  #stopWatching: (() => void) | undefined;

  constructor(link: AmqpLink, options: ConsumeOptions) {
    this.#link = link;
    this.#options = options;
    this.#prefetch = options.prefetch;
  }

  async start(): Promise<void> {
    for (const spec of this.#options.queues) this.#queues.set(spec.name, { spec, tag: "" });
    this.#stopWatching = this.#link.onLost(() => void this.#again());
    await this.#setUp();
  }

  setPrefetch(count: number): void {
    if (count === this.#prefetch) return;
    this.#prefetch = count;
    const { channel, global } = { channel: this.#channel, global: this.#global() };
    if (channel !== undefined && global) channel.prefetch(count, true).catch(() => {});
  }

  async addQueue(spec: QueueSpec): Promise<void> {
    if (this.#queues.has(spec.name)) return;
    await this.#link.onChannel((channel) => declareTaskQueue(channel, spec));
    if (this.#queues.has(spec.name)) return;
    const entry = { spec, tag: "" };
    this.#queues.set(spec.name, entry);
    if (this.#channel !== undefined) entry.tag = await this.#consume(this.#channel, this.#acks!, entry);
  }

  async cancelQueue(name: string): Promise<void> {
    const entry = this.#queues.get(name);
    this.#queues.delete(name);
    if (entry !== undefined && entry.tag !== "") await this.#channel?.cancel(entry.tag);
  }

  queues(): readonly QueueSpec[] {
    return [...this.#queues.values()].map(({ spec }) => spec);
  }

  async pause(): Promise<void> {
    this.#paused = true;
    this.#stopWatching?.();
    const channel = this.#channel;
    if (channel === undefined) return;
    const tags = [...this.#queues.values()].map(({ tag }) => tag).filter((tag) => tag !== "");
    await Promise.all(tags.map((tag) => channel.cancel(tag))).catch(() => {});
  }

  /** Closing the channel gives back what is open, in its old place in the queue. */
  async close(): Promise<void> {
    await this.pause();
    const channel = this.#channel;
    this.#channel = undefined;
    this.#acks?.flush();
    await channel?.close().catch(() => {});
  }

  #global(): boolean {
    return ![...this.#queues.values()].some(({ spec }) => isQuorum(spec));
  }

  async #setUp(): Promise<void> {
    const channel = await this.#link.channel();
    // A channel that the server closes (an acknowledgement it does not know, say) is replaced like a lost connection.
    channel.once("close", () => {
      if (this.#channel === channel) void this.#again();
    });
    await channel.prefetch(this.#prefetch, this.#global());
    const acks = new Acks(channel);
    for (const entry of this.#queues.values()) {
      await declareTaskQueue(channel, entry.spec);
      entry.tag = await this.#consume(channel, acks, entry);
    }
    // Closed while the connection was being rebuilt: what has been delivered meanwhile goes back.
    if (this.#paused) return channel.close();
    this.#channel = channel;
    this.#acks = acks;
  }

  async #again(): Promise<void> {
    if (this.#channel === undefined) return;
    this.#channel = undefined;
    while (!this.#paused && !this.#link.closed) {
      try {
        await this.#setUp();
        return;
      } catch {
        await pause(RETRY_SECONDS);
      }
    }
  }

  async #consume(channel: AmqpChannel, acks: Acks, entry: Taken): Promise<string> {
    const { name } = entry.spec;
    const { consumerTag } = await channel.consume(name, (message) => {
      if (message === null) return void this.#cancelled(channel, acks, entry);
      acks.took(message);
      this.#options.onDelivery(deliveryOf(acks, name, message));
    });
    return consumerTag;
  }

  /** The server takes the consumer away when the queue is deleted or moves to another node. */
  async #cancelled(channel: AmqpChannel, acks: Acks, entry: Taken): Promise<void> {
    entry.tag = "";
    const wanted = (): boolean =>
      this.#channel === channel && !this.#paused && this.#queues.get(entry.spec.name) === entry;
    while (wanted()) {
      try {
        await this.#link.onChannel((own) => declareTaskQueue(own, entry.spec));
        if (wanted()) entry.tag = await this.#consume(channel, acks, entry);
        return;
      } catch {
        await pause(RETRY_SECONDS);
      }
    }
  }
}

/** A queue that is taken from, by the tag that the server knows the consumer by. */
interface Taken {
  readonly spec: QueueSpec;
  tag: string;
}

function deliveryOf(acks: Acks, queue: string, message: AmqpMessage): Delivery {
  const { exchange, routingKey, redelivered } = message.fields;
  return {
    message: fromAmqp(message),
    queue,
    exchange,
    routingKey,
    redelivered: redelivered || message.properties.headers?.["redelivered"] === true,
    ack: () => acks.ack(message),
    reject: (requeue) => acks.reject(message, requeue),
  };
}
