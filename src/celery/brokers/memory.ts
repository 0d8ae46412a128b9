import { Fifo, clock } from "../../core/index.ts";
import type { Message } from "../protocol/message.ts";
import type {
  Address,
  Broker,
  ConsumeOptions,
  Consumer,
  Delivery,
  ListenSpec,
  Listener,
  QueueSpec,
} from "./broker.ts";
import { topicMatches } from "./topic.ts";

/**
 * The broker inside one thread of one process: `memory://` or `memory://NAME`. Apps that name the same one share it.
 * Priorities count as on Redis: 0 first, 9 last.
 */
export function openMemoryBroker(url: string): Broker {
  let hub = hubs.get(url);
  if (hub === undefined) hubs.set(url, (hub = new Hub()));
  return new MemoryBroker(url, hub);
}

const hubs = new Map<string, Hub>();
const LOWEST_PRIORITY = 9;

interface Stored {
  readonly message: Message;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
}

class MemoryBroker implements Broker {
  readonly url: string;
  readonly transport = "memory";
  readonly holdsEta = true;
  readonly #hub: Hub;
  readonly #open = new Set<{ close(): Promise<void> }>();

  constructor(url: string, hub: Hub) {
    this.url = url;
    this.#hub = hub;
  }

  async declareQueue(spec: QueueSpec): Promise<void> {
    this.#hub.declare(spec);
  }

  async publish(message: Message, address: Address, notBefore?: number | null): Promise<void> {
    this.#hub.publish(message, address, notBefore ?? 0);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    const consumer = new MemoryConsumer(this.#hub, options);
    this.#open.add(consumer);
    for (const queue of options.queues) await consumer.addQueue(queue);
    return consumer;
  }

  async listen(spec: ListenSpec, onMessage: (message: Message, key: string) => void): Promise<Listener> {
    const entry = { spec, onMessage };
    this.#hub.listeners.add(entry);
    const listener = { close: async () => void this.#hub.listeners.delete(entry) };
    this.#open.add(listener);
    return listener;
  }

  async purge(queue: string): Promise<number> {
    return this.#hub.queue(queue).clear();
  }

  async size(queue: string): Promise<number> {
    return this.#hub.queue(queue).size;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((one) => one.close()));
    this.#open.clear();
  }

  destroy(): void {}
}

/** All queues and listeners that the users of one URL share. */
class Hub {
  readonly listeners = new Set<{
    spec: ListenSpec;
    onMessage: (message: Message, key: string) => void;
  }>();
  readonly consumers = new Set<MemoryConsumer>();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #bindings = new Map<string, QueueSpec>();
  #pumping = false;

  queue(name: string): MemoryQueue {
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = new MemoryQueue(() => this.pump())));
    return queue;
  }

  declare(spec: QueueSpec): void {
    this.queue(spec.name);
    this.#bindings.set(spec.name, spec);
  }

  publish(message: Message, { exchange, routingKey }: Address, notBefore: number): void {
    for (const { spec, onMessage } of this.listeners) {
      const reached =
        exchange === "" ? spec.queue === routingKey : spec.exchange === exchange && accepts(spec, routingKey);
      if (reached) queueMicrotask(() => onMessage(message, routingKey));
    }
    const stored = { message, exchange, routingKey, redelivered: false };
    for (const queue of this.#targets(exchange, routingKey)) queue.push(stored, notBefore);
  }

  /** Hands messages out in a later turn, so that no publisher runs a consumer's code inside its own call. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      let handed = true;
      while (handed) {
        handed = false;
        for (const consumer of this.consumers) handed = consumer.takeOne() || handed;
      }
    });
  }

  #targets(exchange: string, routingKey: string): MemoryQueue[] {
    if (exchange === "") {
      const private_ = [...this.listeners].some(({ spec }) => spec.queue === routingKey);
      return private_ ? [] : [this.queue(routingKey)];
    }
    return [...this.#bindings.values()]
      .filter((spec) => spec.exchange === exchange && accepts(spec, routingKey))
      .map((spec) => this.queue(spec.name));
  }
}

function accepts(binding: Address, key: string): boolean {
  if (binding.exchangeType === "fanout") return true;
  if (binding.exchangeType === "direct") return binding.routingKey === key;
  return topicMatches(binding.routingKey, key);
}

class MemoryQueue {
  readonly #levels: Fifo<Stored>[] = Array.from({ length: LOWEST_PRIORITY + 1 }, () => new Fifo<Stored>());
  readonly #held = new Map<Stored, () => void>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#levels.reduce((sum, level) => sum + level.size, this.#held.size);
  }

  push(stored: Stored, notBefore: number): void {
    const seconds = (notBefore - Date.now()) / 1000;
    if (seconds > 0) return this.#hold(stored, seconds);
    this.#level(stored).push(stored);
    this.#changed();
  }

  /** To be taken next; for what a consumer gives back. */
  unshift(stored: Stored): void {
    this.#level(stored).unshift(stored);
    this.#changed();
  }

  shift(): Stored | undefined {
    for (const level of this.#levels) if (level.size > 0) return level.shift();
    return undefined;
  }

  clear(): number {
    const { size } = this;
    for (const level of this.#levels) level.clear();
    for (const cancel of this.#held.values()) cancel();
    this.#held.clear();
    return size;
  }

  #level(stored: Stored): Fifo<Stored> {
    const priority = stored.message.properties.priority ?? 0;
    return this.#levels[Math.min(LOWEST_PRIORITY, Math.max(0, Math.trunc(priority) || 0))]!;
  }

  #hold(stored: Stored, seconds: number): void {
    const cancel = clock().after(
      seconds,
      () => {
        this.#held.delete(stored);
        this.push(stored, 0);
      },
      { unref: true },
    );
    this.#held.set(stored, cancel);
  }
}

class MemoryConsumer implements Consumer {
  readonly #hub: Hub;
  readonly #options: ConsumeOptions;
  readonly #queues = new Map<string, QueueSpec>();
  readonly #open = new Map<Delivery, () => void>();
  #prefetch: number;

  constructor(hub: Hub, options: ConsumeOptions) {
    this.#hub = hub;
    this.#options = options;
    this.#prefetch = options.prefetch;
    hub.consumers.add(this);
  }

  setPrefetch(count: number): void {
    this.#prefetch = count;
    this.#hub.pump();
  }

  async addQueue(queue: QueueSpec): Promise<void> {
    this.#hub.declare(queue);
    this.#queues.set(queue.name, queue);
    this.#hub.pump();
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues.delete(name);
  }

  queues(): readonly QueueSpec[] {
    return [...this.#queues.values()];
  }

  async pause(): Promise<void> {
    this.#hub.consumers.delete(this);
  }

  async close(): Promise<void> {
    this.#hub.consumers.delete(this);
    for (const giveBack of [...this.#open.values()].reverse()) giveBack();
    this.#open.clear();
  }

  /** Takes one message if there is room and one waits; the next call begins at the next queue. */
  takeOne(): boolean {
    if (this.#open.size >= this.#prefetch) return false;
    for (const [name, spec] of this.#queues) {
      const queue = this.#hub.queue(name);
      const stored = queue.shift();
      if (stored === undefined) continue;
      this.#queues.delete(name);
      this.#queues.set(name, spec);
      this.#deliver(name, queue, stored);
      return true;
    }
    return false;
  }

  #deliver(name: string, queue: MemoryQueue, stored: Stored): void {
    const close = (): boolean => {
      const open = this.#open.delete(delivery);
      if (open) this.#hub.pump();
      return open;
    };
    const again = { ...stored, redelivered: true };
    const delivery: Delivery = {
      ...stored,
      queue: name,
      ack: () => void close(),
      reject: (requeue) => {
        if (close() && requeue) queue.push(again, 0);
      },
    };
    this.#open.set(delivery, () => queue.unshift(again));
    this.#options.onDelivery(delivery);
  }
}
