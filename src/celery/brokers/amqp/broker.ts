import { EncodeError, OperationalError } from "../../../core/index.ts";
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
import { toAmqp } from "./convert.ts";
import { delayedAddress, isDelayed } from "./delayed.ts";
import { AmqpListener } from "./listener.ts";
import { AmqpLink, pause, publishOn, type AmqpChannel, type AmqpConfirmChannel } from "./link.ts";
import { declareTaskQueue } from "./topology.ts";

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
  #publisher: Promise<Publishing> | undefined;
  #channel: AmqpChannel | undefined;

  constructor(link: AmqpLink, confirms: boolean) {
    this.#link = link;
    this.#confirms = confirms;
    this.url = link.shown;
  }

  async open(): Promise<void> {
    await this.#publishing();
  }

  async declareQueue(queue: QueueSpec): Promise<void> {
    await this.#link.onChannel((channel) => declareTaskQueue(channel, queue));
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
    const inner = await AmqpListener.open(this.#link, spec, onMessage);
    const listener = {
      close: async () => {
        if (this.#open.delete(listener)) await inner.close();
      },
    };
    this.#open.add(listener);
    return listener;
  }

  async purge(queue: string): Promise<number> {
    const { messageCount } = await this.#link.onChannel((channel) => channel.purgeQueue(queue));
    return messageCount;
  }

  async size(queue: string): Promise<number> {
    const { messageCount } = await this.#link.onChannel((channel) => channel.checkQueue(queue));
    return messageCount;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await Promise.all([...this.#open].map((one) => one.close()));
    // Closing the connection alone would drop what waits to be written.
    await this.#channel?.close().catch(() => {});
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
      const publishing = await this.#publishing();
      try {
        return await publishing(exchange, routingKey, body, options);
      } catch (error) {
        if (this.#link.closed) throw error;
        if (error instanceof TypeError || error instanceof RangeError) throw unwritable(error);
        options = toAmqp({ ...message, headers: { ...message.headers, redelivered: true } });
        await pause(RETRY_SECONDS);
      }
    }
  }

  #publishing(): Promise<Publishing> {
    this.#publisher ??= this.#openPublisher().catch((error: unknown) => {
      this.#publisher = undefined;
      throw error;
    });
    return this.#publisher;
  }

  async #openPublisher(): Promise<Publishing> {
    if (this.#confirms) {
      const channel = await this.#link.confirmChannel();
      this.#adopt(channel);
      return confirmed(channel);
    }
    const channel = await this.#link.channel();
    this.#adopt(channel);
    return unconfirmed(channel);
  }

  #adopt(channel: AmqpChannel): void {
    this.#channel = channel;
    channel.once("close", () => {
      this.#publisher = undefined;
      this.#channel = undefined;
    });
  }
}

function unwritable(cause: Error): EncodeError {
  return new EncodeError(
    `The message cannot be written for RabbitMQ: ${cause.message}; its headers must fit into one frame of 128 KiB`,
    { cause },
  );
}

/** Hands one message to the server. */
type Publishing = (exchange: string, routingKey: string, body: Buffer, options: object) => Promise<void>;

/** Resolves when the server says that it has the message. */
function confirmed(channel: AmqpConfirmChannel): Publishing {
  return (exchange, routingKey, body, options) =>
    new Promise((resolve, reject) => {
      publishOn(channel, { ...options, exchange, routingKey }, body, (error) =>
        error === null || error === undefined ? resolve() : reject(error as Error),
      );
    });
}

/** Resolves when the message is on its way, at once unless the socket is full. */
function unconfirmed(channel: AmqpChannel): Publishing {
  return async (exchange, routingKey, body, options) => {
    if (publishOn(channel, { ...options, exchange, routingKey }, body)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => (): void => {
        channel.off("drain", drained).off("close", lost);
        act();
      };
      const drained = settle(resolve);
      const lost = settle(() =>
        reject(new OperationalError("The connection was lost while its socket was full")),
      );
      channel.once("drain", drained).once("close", lost);
    });
  };
}
