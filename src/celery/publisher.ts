import { hostname } from "node:os";
import type { Broker, QueueSpec } from "./brokers/broker.ts";
import type { Connections } from "./connections.ts";
import { compress, type CompressionName } from "./protocol/compression.ts";
import type { Message } from "./protocol/message.ts";
import { encode, loadSerializer, type SerializerName } from "./protocol/serializers.ts";
import { encodeHeaders, type TaskBody, type TaskHeaders } from "./protocol/task-message.ts";
import { toIso } from "./protocol/time.ts";
import type { Destination } from "./router.ts";
import type { Settings } from "./settings.ts";

/** One task to be sent, complete. */
export interface TaskCall {
  readonly headers: TaskHeaders;
  readonly body: TaskBody;
  readonly destination: Destination;
  /** Queue for `rpc://` results; undefined: this app's own. */
  readonly replyTo: string | undefined;
  readonly serializer: SerializerName | undefined;
  readonly compression: CompressionName | undefined;
}

/** Queues whose declaration is remembered; the oldest is declared once more when it is sent to again. */
const MOST_DECLARED = 10_000;

/** The name a program that is no worker goes by, as Python's `gen1234@host`. */
export const anonymousNode: string = `gen${process.pid}@${hostname()}`;

/** Turns calls into messages and hands them to the broker. */
export class Publisher {
  readonly #settings: Settings;
  readonly #connections: Connections;
  readonly #declared = new Map<string, Promise<void>>();
  #ready: Broker | undefined;
  #onSent: ((call: TaskCall) => void) | undefined;

  constructor(settings: Settings, connections: Connections) {
    this.#settings = settings;
    this.#connections = connections;
  }

  /** Called for each task sent; for `task-sent` events. */
  set onSent(listener: ((call: TaskCall) => void) | undefined) {
    this.#onSent = listener;
  }

  /** Resolves when the broker has the message. */
  async send(call: TaskCall): Promise<void> {
    const broker = this.#ready ?? (await this.#open());
    const { queue, address } = call.destination;
    if (queue !== undefined) await (this.#declared.get(queue.name) ?? this.#declare(broker, queue));
    let message = this.#message(call);
    if (message instanceof Promise) message = await message;
    this.#onSent?.(call);
    return broker.publish(message, address, call.headers.eta);
  }

  /** For when the connections were closed. */
  reset(): void {
    this.#ready = undefined;
    this.#declared.clear();
  }

  async #open(): Promise<Broker> {
    const broker = await this.#connections.broker();
    if (this.#settings.backend !== null) await (await this.#connections.backend()).prepare();
    return (this.#ready = broker);
  }

  #declare(broker: Broker, queue: QueueSpec): Promise<void> {
    const declared = broker.declareQueue(queue);
    this.#declared.set(queue.name, declared);
    if (this.#declared.size > MOST_DECLARED) this.#declared.delete(this.#declared.keys().next().value!);
    declared.catch(() => this.#declared.delete(queue.name));
    return declared;
  }

  #message(call: TaskCall): Message | Promise<Message> {
    const name = call.serializer ?? this.#settings.taskSerializer;
    if (name === "msgpack" || name === "yaml") return this.#encodeLater(call, name);
    const compression = call.compression ?? this.#settings.taskCompression;
    if (compression !== null && compression !== undefined) return this.#encodeLater(call, name);
    return this.#encode(call, name);
  }

  async #encodeLater(call: TaskCall, name: SerializerName): Promise<Message> {
    await loadSerializer(name);
    const message = this.#encode(call, name);
    const compression = call.compression ?? this.#settings.taskCompression;
    if (compression === null || compression === undefined) return message;
    const { body, header } = await compress(message.body, compression);
    return { ...message, body, headers: { ...message.headers, compression: header } };
  }

  #encode(call: TaskCall, name: SerializerName): Message {
    const { args, kwargs, embed } = call.body;
    return {
      ...encode([args, kwargs, embed], name),
      headers: encodeHeaders(call.headers, call.body, toIso),
      properties: {
        correlationId: call.headers.id,
        replyTo: call.replyTo ?? this.#connections.oid,
        deliveryMode: 2,
        priority: call.destination.priority,
        expiration: expiration(call.headers.expires),
      },
    };
  }
}

function expiration(expires: number | null): string | undefined {
  return expires === null ? undefined : String(Math.max(0, Math.trunc(expires - Date.now())));
}
