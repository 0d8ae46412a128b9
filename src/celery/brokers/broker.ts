import type { Message } from "../protocol/message.ts";
import type { Blocking } from "./keeper/keeper.ts";

type ExchangeType = "direct" | "topic" | "fanout";

/** A task queue with the exchange it is bound to; by default all three names are the queue's. */
export interface QueueSpec {
  readonly name: string;
  readonly exchange: string;
  readonly exchangeType: ExchangeType;
  readonly routingKey: string;
  /** RabbitMQ's queue arguments, e.g. `{ "x-max-priority": 10 }`. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** Where a message goes. The exchange `""` means: straight to the queue named by the routing key. */
export interface Address {
  readonly exchange: string;
  readonly exchangeType: ExchangeType;
  readonly routingKey: string;
}

/** A short-lived private queue: control commands, replies, events, `rpc://` results. Taken without acknowledgement. */
export interface ListenSpec extends Address {
  readonly queue: string;
  /** Milliseconds after which an unused queue, or a message in it, goes away (RabbitMQ). */
  readonly expires?: number | undefined;
  readonly messageTtl?: number | undefined;
  /** Whether the exchange outlives a broker restart (RabbitMQ): `celeryev` does, the pidbox exchanges do not. */
  readonly durableExchange?: boolean | undefined;
}

/** One task message in the hands of a worker, which must `ack` or `reject` it once. */
export interface Delivery {
  readonly message: Message;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** It was delivered before, to a consumer that did not acknowledge it. */
  readonly redelivered: boolean;
  ack(): void;
  /** With `requeue` it is delivered again, to whoever comes first; without, it is dropped. */
  reject(requeue: boolean): void;
}

/**
 * Takes messages from queues. At most `prefetch` are unacknowledged at a time. While a delivery is open its lease is
 * renewed, so a slow task is not given to another worker, and a dead worker's tasks are given out again soon.
 */
export interface Consumer {
  setPrefetch(count: number): void;
  addQueue(queue: QueueSpec): Promise<void>;
  cancelQueue(name: string): Promise<void>;
  queues(): readonly QueueSpec[];
  /** Takes nothing more; what is open stays open. */
  pause(): Promise<void>;
  /** Gives back what is still open, to be delivered next, and waits until acknowledgements are written. */
  close(): Promise<void>;
}

export interface ConsumeOptions {
  readonly queues: readonly QueueSpec[];
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery) => void;
  /** A message so broken that it is not even a message; it has been dropped. */
  readonly onMalformed: (error: Error) => void;
  /** Given where deliveries are worked on in this very thread, so that a long computation stops the renewal of leases. */
  readonly blocking?: Blocking | undefined;
}

/** The other end of a `listen`. */
export interface Listener {
  close(): Promise<void>;
}

/**
 * What carries messages between programs. Knows nothing of tasks, results or workers. Every method may be called
 * before the connection stands; a lost connection is rebuilt inside, and calls made meanwhile wait for it.
 */
export interface Broker {
  /** For people, without the password. */
  readonly url: string;
  /** Name of the transport as `celery inspect stats` shows it. */
  readonly transport: "memory" | "sqlite" | "redis" | "amqp";
  /** Messages with an `eta` wait inside the broker, so that no worker has to hold them. */
  readonly holdsEta: boolean;
  declareQueue(queue: QueueSpec): Promise<void>;
  /** Resolves when the broker has the message. `notBefore` (epoch ms) is honoured where `holdsEta`. */
  publish(message: Message, address: Address, notBefore?: number | null): Promise<void>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  listen(spec: ListenSpec, onMessage: (message: Message, routingKey: string) => void): Promise<Listener>;
  /** Drops what waits in the queue and says how many that were. */
  purge(queue: string): Promise<number>;
  /** How many messages wait in the queue, those with an eta included where the broker holds them. */
  size(queue: string): Promise<number>;
  /** Waits until everything under way is done, for as long as that takes. */
  close(): Promise<void>;
  /** Drops the connections at once, for when the server does not answer; what is under way fails. */
  destroy(): void;
}
