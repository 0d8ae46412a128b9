import { randomUUID } from "node:crypto";
import { clock } from "../../../core/index.ts";
import type { SqliteFile } from "../../sqlite/file.ts";
import { Keeper } from "../keeper/keeper.ts";
import type { ConsumeOptions, Consumer, Delivery, QueueSpec } from "../broker.ts";
import { decodeEnvelope, type Opened } from "../redis/envelope.ts";
import { Vigil } from "../vigil.ts";
import { RENEW } from "./holding.ts";

const TAKE = `
UPDATE messages SET holder = ?, lease_until = ? WHERE id IN (
  SELECT id FROM messages WHERE queue = ? AND holder IS NULL ORDER BY priority, id LIMIT ?)
RETURNING id, priority, envelope, redelivered`;
const RELEASE_DUE = "UPDATE messages SET holder = NULL WHERE holder = 'eta' AND not_before <= ?";
const NEXT_DUE = "SELECT min(not_before) AS due FROM messages WHERE holder = 'eta'";
const RELEASE_LOST = `
UPDATE messages SET holder = NULL, redelivered = 1
WHERE holder IS NOT NULL AND holder <> 'eta' AND lease_until < ?`;
const GIVE_BACK = "UPDATE messages SET holder = NULL, redelivered = 1 WHERE id = ? AND holder = ?";
/** Whoever lost its lease may no longer acknowledge: the message is another's by now. */
const ACK = "DELETE FROM messages WHERE id = ? AND holder = ?";

/** Renewals per lease: two may fail before the lease is lost. */
const RENEWALS = 3;

/** Takes messages under a lease that it renews while they are open. */
export class SqliteConsumer implements Consumer {
  readonly #file: SqliteFile;
  readonly #leaseMs: number;
  readonly #options: ConsumeOptions;
  readonly #holder = randomUUID();
  readonly #vigil: Vigil;
  readonly #keeper: Keeper | undefined;
  readonly #open = new Set<number>();
  readonly #flights = new Set<Promise<unknown>>();
  #queues: QueueSpec[] = [];
  #prefetch: number;
  #taking = false;
  #paused = false;
  #stopListening: (() => void) | undefined;
  #cancelRound: (() => void) | undefined;
  #cancelDue: (() => void) | undefined;

  constructor(file: SqliteFile, leaseSeconds: number, options: ConsumeOptions) {
    this.#file = file;
    this.#leaseMs = leaseSeconds * 1000;
    this.#vigil = new Vigil(leaseSeconds);
    this.#options = options;
    this.#prefetch = options.prefetch;
    const holding = { kind: "sqlite", path: file.path, holder: this.#holder } as const;
    if (options.blocking !== undefined) this.#keeper = new Keeper(holding, leaseSeconds, options.blocking);
  }

  async start(): Promise<void> {
    this.#queues = [...this.#options.queues];
    this.#stopListening = await this.#file.bells.listen("q", () => this.#take());
    this.#round();
  }

  setPrefetch(count: number): void {
    this.#prefetch = count;
    this.#take();
  }

  async addQueue(queue: QueueSpec): Promise<void> {
    if (this.#queues.some(({ name }) => name === queue.name)) return;
    this.#queues.push(queue);
    this.#take();
  }

  async cancelQueue(name: string): Promise<void> {
    this.#queues = this.#queues.filter((queue) => queue.name !== name);
  }

  queues(): readonly QueueSpec[] {
    return this.#queues;
  }

  async pause(): Promise<void> {
    this.#paused = true;
    this.#stopListening?.();
    this.#cancelDue?.();
    while (this.#taking) await Promise.allSettled(this.#flights);
  }

  async close(): Promise<void> {
    await this.pause();
    this.#cancelRound?.();
    await this.#keeper?.close();
    for (const id of this.#open)
      this.#write(() => this.#file.run(GIVE_BACK, id, this.#holder), true).catch(() => {});
    this.#open.clear();
    while (this.#flights.size > 0) await Promise.allSettled(this.#flights);
  }

  /** Renews what is held, and frees what dead consumers held. */
  #round(): void {
    this.#keeper?.beat(this.#open.size);
    this.#write(() => {
      const now = Date.now();
      if (this.#open.size > 0) this.#file.run(RENEW, now + this.#leaseMs, this.#holder);
      if (this.#vigil.renewed()) this.#file.run(RELEASE_LOST, now);
    }).catch(() => {});
    this.#take();
    this.#cancelRound = clock().after(this.#leaseMs / 1000 / RENEWALS, () => this.#round(), {
      unref: true,
    });
  }

  #take(): void {
    const room = this.#prefetch - this.#open.size;
    if (this.#taking || this.#paused || room <= 0) return;
    this.#taking = true;
    this.#write(() => this.#takeRows(room)).then(
      (taken) => {
        this.#taking = false;
        if (taken.length > 0) this.#keeper?.watch();
        for (const deliver of taken) deliver();
        if (taken.length > 0) this.#take();
        else this.#awaitDue();
      },
      () => (this.#taking = false),
    );
  }

  async #write<T>(work: () => T, ring = false): Promise<T> {
    const flight = this.#file.write(work, ring ? "q" : undefined);
    const tracked: Promise<unknown> = flight.catch(() => {}).finally(() => this.#flights.delete(tracked));
    this.#flights.add(tracked);
    return flight;
  }

  /** The deliveries are made only after the commit, so that no task runs whose claim was rolled back. */
  #takeRows(room: number): (() => void)[] {
    const now = Date.now();
    this.#file.run(RELEASE_DUE, now);
    let left = room;
    const taken: (() => void)[] = [];
    this.#queues.push(this.#queues.shift()!);
    for (const { name } of this.#queues) {
      if (left === 0) break;
      const rows = this.#file.all(TAKE, this.#holder, now + this.#leaseMs, name, left);
      rows.sort((a, b) => Number(a["priority"]) - Number(b["priority"]) || Number(a["id"]) - Number(b["id"]));
      left -= rows.length;
      for (const row of rows) {
        this.#open.add(Number(row["id"]));
        taken.push(() =>
          this.#deliver(name, Number(row["id"]), String(row["envelope"]), row["redelivered"] === 1),
        );
      }
    }
    return taken;
  }

  #awaitDue(): void {
    this.#cancelDue?.();
    const due = this.#file.get(NEXT_DUE)?.["due"];
    if (typeof due !== "number" || this.#paused) return;
    this.#cancelDue = clock().after(Math.max(0, due - Date.now()) / 1000, () => this.#take());
  }

  #deliver(queue: string, id: number, envelope: string, redelivered: boolean): void {
    let opened: Opened;
    try {
      opened = decodeEnvelope(envelope);
    } catch (error) {
      this.#settle(id, ACK);
      this.#options.onMalformed(error as Error);
      return;
    }
    const { exchange, routingKey } = opened.address;
    const delivery: Delivery = {
      message: opened.message,
      queue,
      exchange,
      routingKey,
      redelivered,
      ack: () => this.#settle(id, ACK),
      reject: (requeue) => this.#settle(id, requeue ? GIVE_BACK : ACK),
    };
    this.#options.onDelivery(delivery);
  }

  #settle(id: number, sql: string): void {
    if (!this.#open.delete(id)) return;
    this.#write(() => this.#file.run(sql, id, this.#holder), sql === GIVE_BACK).catch(() => {});
    this.#take();
  }
}
