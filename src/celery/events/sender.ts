import type { Broker } from "../brokers/broker.ts";
import type { LamportClock } from "../lamport.ts";
import { encode } from "../protocol/serializers.ts";

/** One event, field for field as on the wire. */
export interface WireEvent {
  readonly type: string;
  readonly hostname: string;
  readonly timestamp: number;
  readonly utcoffset: number;
  readonly pid: number;
  readonly clock: number;
  readonly [field: string]: unknown;
}

/** Celery flushes at this many; a monitor sees nothing later than the turn after it happened. */
const LARGEST_BATCH = 24;
/** Messages on their way at once. A broker that is away takes none, and what it missed must not pile up here. */
const MOST_UNDER_WAY = 1000;

/** Publishes what happens in a worker. Task events go in batches, as Celery sends them. */
export class EventSender {
  enabled: boolean;
  readonly #node: string;
  readonly #exchange: string;
  readonly #broker: Broker;
  readonly #clock: LamportClock;
  #batch: WireEvent[] = [];
  #scheduled = false;
  #underWay = 0;

  constructor(node: string, exchange: string, broker: Broker, clock: LamportClock, enabled: boolean) {
    this.#node = node;
    this.#exchange = exchange;
    this.#broker = broker;
    this.#clock = clock;
    this.enabled = enabled;
  }

  /** A task event; costs nothing while events are off. */
  task(type: string, fields: () => Readonly<Record<string, unknown>>): void {
    if (!this.enabled) return;
    this.#batch.push(this.#event(type, fields()));
    if (this.#batch.length >= LARGEST_BATCH) void this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => void this.flush());
    }
  }

  /** A worker event, sent whether task events are on or not. */
  async worker(type: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#publish(type.replace("-", "."), this.#event(type, fields));
  }

  async flush(): Promise<void> {
    this.#scheduled = false;
    const events = this.#batch;
    if (events.length === 0) return;
    this.#batch = [];
    await this.#publish("task.multi", events);
  }

  #event(type: string, fields: Readonly<Record<string, unknown>>): WireEvent {
    return {
      type,
      hostname: this.#node,
      utcoffset: 0,
      pid: process.pid,
      clock: this.#clock.forward(),
      ...fields,
      timestamp: Date.now() / 1000,
    };
  }

  async #publish(routingKey: string, body: unknown): Promise<void> {
    if (this.#underWay >= MOST_UNDER_WAY) return;
    const message = {
      ...encode(body, "json"),
      headers: { hostname: this.#node },
      properties: { deliveryMode: 1 as const, priority: 0 },
    };
    const address = { exchange: this.#exchange, exchangeType: "topic" as const, routingKey };
    // An event is news, not work: when the broker is away it is lost, and the worker goes on.
    this.#underWay++;
    await this.#broker.publish(message, address).catch(() => {});
    this.#underWay--;
  }
}
