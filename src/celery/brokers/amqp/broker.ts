import type { Message } from "../../protocol/message.ts";
import type {
  Address,
  Broker,
  ConsumeOptions,
  Consumer,
  ListenSpec,
  Listener,
  QueueSpec,
} from "../broker.ts";
import { AmqpConsumer } from "./consumer.ts";
import { fromAmqp, toAmqp } from "./convert.ts";
import { delayedAddress, isDelayed } from "./delayed.ts";
import { AmqpLink, pause, type AmqpConfirmChannel } from "./link.ts";
import { declarePrivateQueue, declareTaskQueue } from "./topology.ts";

const RETRY_SECONDS = 0.1;

/**
 * RabbitMQ (AMQP 0-9-1), laid out as Celery lays it out. Publishing waits for the server's confirmation, unless the
 * transport option `confirm_publish` is false, as it is in Celery: then it is faster, and a message that was under way
 * when the connection broke is lost.
 */
export async function openAmqpBroker(
  url: string,
  transport: Readonly<Record<string, unknown>>,
): Promise<Broker> {
  const link = new AmqpLink(url, (transport["tls"] as object | undefined) ?? {});
  const broker = new AmqpBroker(link, transport["confirm_publish"] !== false);
  await broker.open();
  return broker;
}

class AmqpBroker implements Broker {
  readonly url: string;
  readonly transport = "amqp";
  readonly holdsEta = false;
  readonly #link: AmqpLink;
  readonly #confirms: boolean;
  readonly #open = new Set<{ close(): Promise<void> }>();
  readonly #inFlight = new Set<Promise<void>>();
  /** Exchanges behind which messages can wait inside the server. */
  readonly #delayed = new Set<string>();
  #publisher: Promise<AmqpConfirmChannel> | undefined;

  constructor(link: AmqpLink, confirms: boolean) {
    this.#link = link;
    this.#confirms = confirms;
    this.url = link.shown;
  }

  async open(): Promise<void> {
    await this.#channel();
  }

  async declareQueue(queue: QueueSpec): Promise<void> {
    await this.#onChannel((channel) => declareTaskQueue(channel, queue));
    if (isDelayed(queue)) this.#delayed.add(queue.exchange);
  }

  publish(message: Message, address: Address, notBefore: number | null = null): Promise<void> {
    const work = this.#publishUntilConfirmed(message, this.#placed(address, notBefore));
    this.#inFlight.add(work);
    work.finally(() => this.#inFlight.delete(work)).catch(() => {});
    return work;
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    const consumer = new AmqpConsumer(this.#link, options);
    this.#open.add(consumer);
    await consumer.start();
    return consumer;
  }

  async listen(spec: ListenSpec, onMessage: (message: Message, key: string) => void): Promise<Listener> {
    let channel = await this.#listenOnce(spec, onMessage);
    const stopWatching = this.#link.onLost(() => void again());
    const again = async (): Promise<void> => {
      while (!this.#link.closed) {
        try {
          channel = await this.#listenOnce(spec, onMessage);
          return;
        } catch {
          await pause(RETRY_SECONDS);
        }
      }
    };
    const listener = {
      close: async () => {
        if (!this.#open.delete(listener)) return;
        stopWatching();
        await channel.close().catch(() => {});
      },
    };
    this.#open.add(listener);
    return listener;
  }

  async purge(queue: string): Promise<number> {
    const { messageCount } = await this.#onChannel((channel) => channel.purgeQueue(queue));
    return messageCount;
  }

  async size(queue: string): Promise<number> {
    const { messageCount } = await this.#onChannel((channel) => channel.checkQueue(queue));
    return messageCount;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await Promise.all([...this.#open].map((one) => one.close()));
    await this.#link.close();
  }

  destroy(): void {
    this.#link.destroy();
  }

  /** Seconds are cut, as in Celery: the worker waits for what is left. */
  #placed(address: Address, notBefore: number | null): Pick<Address, "exchange" | "routingKey"> {
    const seconds = notBefore === null ? 0 : (notBefore - Date.now()) / 1000;
    if (seconds < 1 || !this.#delayed.has(address.exchange)) return address;
    return delayedAddress(seconds, address.routingKey);
  }

  /**
   * A lost connection leaves open whether the server has the message. Sending it again is the safe side; it then says
   * so, for a worker to look whether the task has been done.
   */
  async #publishUntilConfirmed(
    message: Message,
    { exchange, routingKey }: Pick<Address, "exchange" | "routingKey">,
  ): Promise<void> {
    let options = toAmqp(message);
    const body = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
    for (;;) {
      const channel = await this.#channel();
      try {
        return await new Promise<void>((resolve, reject) => {
          const room = channel.publish(exchange, routingKey, body, options, (error: unknown) =>
            error === null || error === undefined ? resolve() : reject(error as Error),
          );
          if (this.#confirms) return;
          if (room) resolve();
          else channel.once("drain", resolve);
        });
      } catch (error) {
        if (this.#link.closed || error instanceof TypeError) throw error;
        options = toAmqp({ ...message, headers: { ...message.headers, redelivered: true } });
        await pause(RETRY_SECONDS);
      }
    }
  }

  #channel(): Promise<AmqpConfirmChannel> {
    this.#publisher ??= this.#link.confirmChannel().then(
      (channel) => {
        channel.once("close", () => (this.#publisher = undefined));
        return channel;
      },
      (error: unknown) => {
        this.#publisher = undefined;
        throw error;
      },
    );
    return this.#publisher;
  }

  async #listenOnce(
    spec: ListenSpec,
    onMessage: (message: Message, key: string) => void,
  ): Promise<Awaited<ReturnType<AmqpLink["channel"]>>> {
    const channel = await this.#link.channel();
    await declarePrivateQueue(channel, spec);
    const hand = (message: Parameters<Parameters<typeof channel.consume>[1]>[0]): void => {
      if (message !== null) onMessage(fromAmqp(message), message.fields.routingKey);
    };
    await channel.consume(spec.queue, hand, { noAck: true });
    return channel;
  }

  /** A refused declaration closes its channel, so each has one of its own. */
  async #onChannel<T>(work: (channel: Awaited<ReturnType<AmqpLink["channel"]>>) => Promise<T>): Promise<T> {
    const channel = await this.#link.channel();
    try {
      return await work(channel);
    } finally {
      await channel.close().catch(() => {});
    }
  }
}
