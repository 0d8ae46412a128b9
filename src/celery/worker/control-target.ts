import { READY_STATES } from "../backends/backend.ts";
import type { Consumer, QueueSpec } from "../brokers/broker.ts";
import type { ControlTarget, RequestInfo } from "../control/target.ts";
import { TaskRevokedError } from "../../core/index.ts";
import type { Election } from "../events/election.ts";
import type { Heart } from "../events/heart.ts";
import { encodeException } from "../protocol/exceptions.ts";
import { toIso } from "../protocol/time.ts";
import type { Runtime } from "../runtime.ts";
import type { Autoscaler } from "./autoscaler.ts";
import type { WorkerContext } from "./context.ts";
import type { Intake } from "./intake.ts";
import type { Request } from "./request.ts";
import type { Slots } from "./slots.ts";
import { storeMeta } from "./store.ts";

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

  async revoke(ids: readonly string[], terminate: boolean): Promise<string[]> {
    for (const id of ids) this.#parts.context.revoked.add(id);
    const stopped = terminate ? ids.filter((id) => this.#stop(this.#parts.slots.active.get(id))) : [];
    for (const id of ids) if (!this.#parts.slots.active.has(id)) await this.#storeRevoked(id);
    this.#parts.intake.dropRevoked();
    return stopped;
  }

  async revokeByStamps(stamps: Readonly<Record<string, unknown>>, terminate: boolean): Promise<string[]> {
    const { context, slots, intake } = this.#parts;
    for (const [name, value] of Object.entries(stamps))
      context.revoked.addStamp(name, Array.isArray(value) ? value : [value]);
    intake.dropRevoked();
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

  /** At once, as Celery 5.6 does, so that whoever waits need not wait for the task's turn. */
  async #storeRevoked(id: string): Promise<void> {
    const { backend } = this.#parts.context;
    if (backend === undefined) return;
    const known = await backend.get(id);
    if (known !== null && READY_STATES.has(known.status)) return;
    const result = encodeException(new TaskRevokedError("revoked"));
    await storeMeta(backend, { id, parentId: null, group: null }, "", {
      status: "REVOKED",
      result,
      children: null,
    });
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
