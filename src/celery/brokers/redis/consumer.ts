import { clock } from "../../../core/index.ts";
import { Keeper } from "../keeper/keeper.ts";
import type { ConsumeOptions, Consumer, Delivery, QueueSpec } from "../broker.ts";
import { decodeEnvelope, encodeEnvelope, type Opened } from "./envelope.ts";
import type { RedisConsumerParts } from "./consumer-parts.ts";
import { Leases } from "./leases.ts";
import { PUT_BACK, RELEASE, TAKE } from "./scripts.ts";
import { Waiters } from "./waiters.ts";

/** Takes messages in batches, as many as there is room for, and waits without polling while the queues are empty. */
export class RedisConsumer implements Consumer {
  readonly #parts: RedisConsumerParts;
  readonly #options: ConsumeOptions;
  readonly #open = new Map<string, { list: string; opened: Opened }>();
  readonly #keeper: Keeper | undefined;
  readonly #leases: Leases;
  readonly #waiters: Waiters;
  #queues: QueueSpec[] = [];
  #released: string[] = [];
  #prefetch: number;
  #number = 0;
  #taking = false;
  #again = false;
  #paused = false;
  #closed = false;
  #flights = new Set<Promise<unknown>>();

  constructor(parts: RedisConsumerParts, options: ConsumeOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#prefetch = options.prefetch;
    if (options.blocking !== undefined)
      this.#keeper = new Keeper(parts.holding, parts.leaseSeconds, options.blocking);
    this.#leases = new Leases(parts, () => [...this.#open.keys()], this.#keeper);
    this.#waiters = new Waiters(parts.connect, () => this.#take());
  }

  async start(): Promise<void> {
    for (const queue of this.#options.queues) await this.addQueue(queue);
    this.#leases.start();
  }

  setPrefetch(count: number): void {
    this.#prefetch = count;
    this.#take();
  }

  async addQueue(queue: QueueSpec): Promise<void> {
    if (this.#queues.some(({ name }) => name === queue.name)) return;
    this.#queues.push(queue);
    for (const list of this.#parts.keys.lists(queue.name)) this.#waiters.add(list);
    this.#take();
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues = this.#queues.filter((queue) => queue.name !== name);
    for (const list of this.#parts.keys.lists(name)) this.#waiters.remove(list);
  }

  queues(): readonly QueueSpec[] {
    return this.#queues;
  }

  async pause(): Promise<void> {
    this.#paused = true;
    this.#waiters.close();
    while (this.#taking) await Promise.allSettled(this.#flights);
  }

  async close(): Promise<void> {
    await this.pause();
    this.#closed = true;
    this.#leases.close();
    await this.#keeper?.close();
    // The one to be taken next is put back last.
    for (const tag of [...this.#open.keys()].reverse()) this.#putBack(tag, "RPUSH");
    this.#flush();
    while (this.#flights.size > 0) await Promise.allSettled(this.#flights);
  }

  #take(): void {
    if (this.#taking || this.#paused) {
      this.#again = true;
      return;
    }
    const room = this.#prefetch - this.#open.size;
    if (room <= 0 || this.#queues.length === 0) return this.#waiters.rest();
    this.#taking = true;
    this.#again = false;
    this.#track(this.#takeUpTo(Math.min(room, LARGEST_TAKE)));
  }

  async #takeUpTo(room: number): Promise<void> {
    let count = 0;
    try {
      count = await this.#takeBatch(room);
    } catch {
      // The connection was lost in the middle; what was taken comes back when its lease ends.
      await new Promise<void>((resolve) => clock().after(RETRY_SECONDS, resolve));
      this.#again = true;
    }
    this.#taking = false;
    if (this.#paused) return;
    if (count > 0 || this.#again) this.#take();
    else this.#waiters.wait();
  }

  async #takeBatch(room: number): Promise<number> {
    const { client, keys, leaseSeconds } = this.#parts;
    const { tagPrefix } = this.#parts.holding;
    const lists = this.#listsInOrder();
    const now = Date.now() / 1000;
    const taken = (await TAKE.run(
      client,
      [keys.unacked, keys.index, keys.lease, ...lists.map(({ list }) => list)],
      [
        now,
        now + leaseSeconds,
        tagPrefix,
        this.#number,
        room,
        ...lists.map(({ queue }) => JSON.stringify(queue)),
      ],
    )) as (number | string)[];
    const last = taken.at(-1);
    if (last !== undefined) this.#number = Number(String(last).slice(tagPrefix.length));
    if (taken.length > 0) this.#keeper?.watch();
    for (let i = 0; i < taken.length; i += 3) {
      const { list, queue } = lists[Number(taken[i])]!;
      this.#deliver(list, queue, String(taken[i + 1]), String(taken[i + 2]));
    }
    return taken.length / 3;
  }

  /** All queues at the most urgent step first; the first queue goes to the end for the next time. */
  #listsInOrder(): { list: string; queue: string }[] {
    this.#queues.push(this.#queues.shift()!);
    return this.#parts.keys.steps.flatMap((step) =>
      this.#queues.map(({ name }) => ({ list: this.#parts.keys.list(name, step), queue: name })),
    );
  }

  #deliver(list: string, queue: string, envelope: string, tag: string): void {
    let opened: Opened;
    try {
      opened = decodeEnvelope(envelope);
    } catch (error) {
      this.#release(tag);
      this.#options.onMalformed(error as Error);
      return;
    }
    this.#open.set(tag, { list, opened });
    const { exchange, routingKey } = opened.address;
    const delivery: Delivery = {
      message: opened.message,
      queue,
      exchange,
      routingKey: routingKey === "" ? queue : routingKey,
      redelivered: opened.redelivered,
      ack: () => {
        if (this.#open.delete(tag)) this.#release(tag);
      },
      reject: (requeue) => {
        if (requeue) this.#putBack(tag, "LPUSH");
        else if (this.#open.delete(tag)) this.#release(tag);
      },
    };
    this.#options.onDelivery(delivery);
  }

  #release(tag: string): void {
    this.#released.push(tag);
    if (this.#released.length === 1) setImmediate(() => this.#flush());
    else if (this.#released.length >= LARGEST_RELEASE) this.#flush();
  }

  #flush(): void {
    const tags = this.#released;
    if (tags.length === 0) return;
    this.#released = [];
    const { client, keys } = this.#parts;
    // Taking more is asked for first: both travel together, and the worker does not run dry meanwhile.
    this.#track(
      RELEASE.run(client, [keys.unacked, keys.index, keys.lease], tags).catch(() => this.#releaseLater(tags)),
    );
    if (!this.#paused) this.#take();
  }

  /** The server refused, as one does that is loading or full. Forgotten acknowledgements would make tasks run twice. */
  async #releaseLater(tags: readonly string[]): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => clock().after(RETRY_SECONDS, resolve));
    this.#released.push(...tags);
    this.#flush();
  }

  #putBack(tag: string, where: "LPUSH" | "RPUSH"): void {
    const held = this.#open.get(tag);
    if (held === undefined) return;
    this.#open.delete(tag);
    const { client, keys } = this.#parts;
    const { message, address } = held.opened;
    const envelope = encodeEnvelope(message, address, true);
    this.#track(
      PUT_BACK.run(client, [keys.unacked, keys.index, keys.lease, held.list], [tag, envelope, where]),
    );
    if (!this.#paused) this.#take();
  }

  #track(work: Promise<unknown>): void {
    const flight: Promise<unknown> = work.catch(() => {}).finally(() => this.#flights.delete(flight));
    this.#flights.add(flight);
  }
}

/** One script call blocks the server while it runs, so it is kept to about a millisecond. */
const LARGEST_TAKE = 200;
const LARGEST_RELEASE = 1000;
const RETRY_SECONDS = 0.2;
