import type { Consumer, QueueSpec } from "../brokers/broker.ts";
import type { ControlTarget, RequestInfo } from "../control/target.ts";
import type { Election } from "../events/election.ts";
import type { Heart } from "../events/heart.ts";
import { toIso } from "../protocol/time.ts";
import type { Runtime } from "../runtime.ts";
import type { Autoscaler } from "./autoscaler.ts";
import type { WorkerContext } from "./context.ts";
import type { Intake } from "./intake.ts";
import type { Request } from "./request.ts";
import type { Slots } from "./slots.ts";

export interface WorkerParts {
  readonly context: WorkerContext;
  readonly intake: Intake;
  readonly slots: Slots;
  readonly consumer: Consumer;
  readonly heart: Heart;
  readonly election: Election;
  readonly autoscaler: Autoscaler | undefined;
  readonly pool: string;
  readonly resize: (by: number) => void;
  readonly shutDown: () => void;
}

/** What the remote control sees of a worker. */
export class WorkerControlTarget implements ControlTarget {
  readonly node: string;
  readonly runtime: Runtime;
  readonly #parts: WorkerParts;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.node = parts.context.node;
    this.runtime = parts.context.runtime;
  }

  active(): RequestInfo[] {
    return [...this.#parts.slots.active.values()].map((request) => this.#describe(request));
  }

  reserved(): RequestInfo[] {
    const { slots, intake } = this.#parts;
    return [...slots.ready, ...intake.rates.requests()].map((request) => this.#describe(request));
  }

  scheduled(): RequestInfo[] {
    return this.#parts.intake.scheduled().map((request) => ({
      eta: toIso(request.headers.eta ?? 0),
      priority: 6,
      request: this.#describe(request),
    }));
  }

  revokedIds(): string[] {
    return this.#parts.context.revoked.ids();
  }

  revoke(ids: readonly string[], terminate: boolean): string[] {
    for (const id of ids) this.#parts.context.revoked.add(id);
    const stopped = terminate ? ids.filter((id) => this.#stop(this.#parts.slots.active.get(id))) : [];
    this.#dropRevoked();
    return stopped;
  }

  revokeByStamps(stamps: Readonly<Record<string, unknown>>, terminate: boolean): string[] {
    const { context, slots } = this.#parts;
    for (const [name, value] of Object.entries(stamps))
      context.revoked.addStamp(name, Array.isArray(value) ? value : [value]);
    this.#dropRevoked();
    if (!terminate) return [];
    const marked = [...slots.active.values()].filter((request) =>
      context.revoked.has(request.id, request.headers.stamps),
    );
    return marked.filter((request) => this.#stop(request)).map((request) => request.id);
  }

  setRateLimit(task: string, rate: string | number | null): void {
    this.#parts.intake.rates.set(task, rate);
  }

  setTimeLimit(task: string, hard: number | null, soft: number | null): void {
    this.#parts.context.timeLimits.set(task, [hard, soft]);
  }

  resize(by: number): void {
    this.#parts.resize(by);
  }

  autoscale(max: number | undefined, min: number | undefined): boolean {
    const { autoscaler } = this.#parts;
    if (autoscaler === undefined) return false;
    autoscaler.max = max ?? autoscaler.max;
    autoscaler.min = min ?? autoscaler.min;
    return true;
  }

  async addConsumer(queue: QueueSpec): Promise<void> {
    await this.#parts.consumer.addQueue(queue);
  }

  async cancelConsumer(queue: string): Promise<void> {
    await this.#parts.consumer.cancelQueue(queue);
  }

  queues(): readonly QueueSpec[] {
    return this.#parts.consumer.queues();
  }

  setEvents(enabled: boolean): boolean {
    const { events } = this.#parts.context;
    const changed = events.enabled !== enabled;
    events.enabled = enabled;
    return changed;
  }

  heartbeat(): Promise<void> {
    return this.#parts.heart.beat();
  }

  shutDown(): void {
    this.#parts.shutDown();
  }

  elect(id: string, topic: string, action: unknown): void {
    this.#parts.election.stand(id, topic, action);
  }

  stats(): Readonly<Record<string, unknown>> {
    const { context, slots, pool } = this.#parts;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    return {
      total: Object.fromEntries(context.totals),
      pid: process.pid,
      clock: String(context.runtime.lamport.value),
      uptime: Math.round(process.uptime()),
      pool: {
        implementation: `spool:${pool}`,
        "max-concurrency": slots.concurrency,
        processes: [process.pid],
      },
      broker: this.#broker(),
      prefetch_count: context.prefetch(),
      rusage: { utime: userCPUTime / 1e6, stime: systemCPUTime / 1e6, maxrss: maxRSS },
    };
  }

  #broker(): Record<string, unknown> {
    const { broker } = this.runtime.settings;
    const { protocol, hostname, port, pathname, username } = new URL(broker.replace(/;.*/, ""));
    return {
      hostname: hostname === "" ? null : hostname,
      userid: username === "" ? null : username,
      virtual_host: pathname.slice(1) || "/",
      port: port === "" ? null : Number(port),
      transport: protocol.slice(0, -1),
      ssl: protocol === "rediss:" || protocol === "amqps:",
      transport_options: {},
      heartbeat: 60,
      alternates: [],
    };
  }

  #stop(request: Request | undefined): boolean {
    request?.stop?.("terminated");
    return request !== undefined;
  }

  /**
   * What waits here is settled at once, so that whoever waits for it need not wait for its turn. Of a task that is not
   * here nothing is stored, as it may be running in another worker.
   */
  #dropRevoked(): void {
    this.#parts.intake.dropRevoked();
    this.#parts.slots.dropRevoked();
  }

  #describe(request: Request): RequestInfo {
    const { exchange, routingKey, priority, redelivered } = request.deliveryInfo;
    return {
      id: request.id,
      name: request.name,
      args: request.body.args,
      kwargs: request.body.kwargs,
      type: request.name,
      hostname: this.node,
      time_start: request.timeStart,
      acknowledged: request.acknowledged,
      delivery_info: { exchange, routing_key: routingKey, priority, redelivered },
      worker_pid: request.workerPid,
    };
  }
}
