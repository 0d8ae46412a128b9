import { clock } from "../../../core/index.ts";
import type { Message } from "../../protocol/message.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { ListenSpec, Listener } from "../broker.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { RedisKeys } from "./keys.ts";

type OnMessage = (message: Message, routingKey: string) => void;

/** Seconds of one blocking pop. */
const BLOCK_SECONDS = 5;
const RETRY_SECONDS = 0.2;

/** Private queues: fanout exchanges are channels, direct ones are lists of their own. */
export class Listeners {
  readonly #keys: RedisKeys;
  readonly #client: RedisClient;
  readonly #connect: () => Promise<RedisClient>;
  readonly #open = new Set<Listener>();

  constructor(keys: RedisKeys, client: RedisClient, connect: () => Promise<RedisClient>) {
    this.#keys = keys;
    this.#client = client;
    this.#connect = connect;
  }

  /** Celery's event exchange is a topic on RabbitMQ and a fanout here; task exchanges of type topic are not. */
  isFanout(exchange: string): boolean {
    return exchange.endsWith("celeryev") || exchange.endsWith(".pidbox");
  }

  async listen(spec: ListenSpec, onMessage: OnMessage): Promise<Listener> {
    const fanout =
      spec.exchangeType === "fanout" || (spec.exchangeType === "topic" && this.isFanout(spec.exchange));
    const inner = fanout ? await this.#subscribe(spec, onMessage) : await this.#popping(spec, onMessage);
    const listener: Listener = {
      close: async () => {
        if (this.#open.delete(listener)) await inner.close();
      },
    };
    this.#open.add(listener);
    return listener;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((listener) => listener.close()));
  }

  async #subscribe(spec: ListenSpec, onMessage: OnMessage): Promise<Listener> {
    const client = await this.#connect();
    const root = this.#keys.channel(spec.exchange, "");
    const key = spec.exchangeType === "fanout" ? "" : spec.routingKey.replaceAll("#", "*");
    client.on("pmessage", (_pattern: string, channel: string, text: string) =>
      hand(text, channel.slice(root.length + 1), onMessage),
    );
    await client.psubscribe(this.#keys.channel(escapePattern(spec.exchange), key));
    return { close: async () => client.disconnect() };
  }

  async #popping(spec: ListenSpec, onMessage: OnMessage): Promise<Listener> {
    const { exchange, queue, routingKey } = spec;
    const member = this.#keys.bindingMember(routingKey, queue);
    if (exchange !== "") await this.#client.sadd(this.#keys.binding(exchange), member);
    const client = await this.#connect();
    const lists = this.#keys.lists(queue);
    let closed = false;
    const loop = async (): Promise<void> => {
      while (!closed && client.status !== "end") {
        try {
          const popped = await client.brpop(...lists, BLOCK_SECONDS);
          if (popped !== null) hand(popped[1], routingKey, onMessage);
        } catch {
          // Disconnected, or refused by a server that has become a replica, say.
          if (!closed) await new Promise<void>((resolve) => clock().after(RETRY_SECONDS, resolve));
        }
      }
    };
    void loop();
    return {
      close: async () => {
        closed = true;
        client.disconnect();
        if (exchange !== "") await this.#client.srem(this.#keys.binding(exchange), member);
        await this.#client.del(...lists);
      },
    };
  }
}

function hand(text: string, routingKey: string, onMessage: OnMessage): void {
  let message: Message;
  try {
    ({ message } = decodeEnvelope(text));
  } catch {
    return; // Not a message: nobody's business.
  }
  onMessage(message, routingKey);
}

function escapePattern(text: string): string {
  return text.replace(/[*?[\]\\]/g, "\\$&");
}
