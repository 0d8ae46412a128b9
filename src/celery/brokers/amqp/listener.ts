import type { Message } from "../../protocol/message.ts";
import type { ListenSpec, Listener } from "../broker.ts";
import { fromAmqp } from "./convert.ts";
import { pause, type AmqpChannel, type AmqpLink } from "./link.ts";
import { declarePrivateQueue } from "./topology.ts";

const RETRY_SECONDS = 0.1;

type OnMessage = (message: Message, routingKey: string) => void;

/** A private queue on a channel of its own; set up again whenever the server has ended channel, consumer or connection. */
export class AmqpListener implements Listener {
  readonly #link: AmqpLink;
  readonly #spec: ListenSpec;
  readonly #onMessage: OnMessage;
  #channel: AmqpChannel | undefined;
  #closed = false;

  private constructor(link: AmqpLink, spec: ListenSpec, onMessage: OnMessage) {
    this.#link = link;
    this.#spec = spec;
    this.#onMessage = onMessage;
  }

  static async open(link: AmqpLink, spec: ListenSpec, onMessage: OnMessage): Promise<AmqpListener> {
    const listener = new AmqpListener(link, spec, onMessage);
    await listener.#setUp();
    return listener;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#channel?.close().catch(() => {});
  }

  async #setUp(): Promise<void> {
    const channel = await this.#link.channel();
    await declarePrivateQueue(channel, this.#spec);
    await channel.consume(
      this.#spec.queue,
      (message) => {
        if (message !== null) this.#onMessage(fromAmqp(message), message.fields.routingKey);
        // The queue was deleted; its successor gets a channel of its own.
        else channel.close().catch(() => {});
      },
      { noAck: true },
    );
    if (this.#closed) return channel.close();
    this.#channel = channel;
    channel.once("close", () => void this.#again());
  }

  async #again(): Promise<void> {
    while (!this.#closed && !this.#link.closed) {
      try {
        return await this.#setUp();
      } catch {
        await pause(RETRY_SECONDS);
      }
    }
  }
}
