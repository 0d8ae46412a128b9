import { availableParallelism, hostname } from "node:os";
import {
  type Service,
  type ServiceState,
  StateError,
  requireInteger,
  requireSeconds,
} from "../../core/index.ts";
import type { Broker, QueueSpec } from "../brokers/broker.ts";
import type { Blocking } from "../brokers/keeper/keeper.ts";
import { openPanel } from "../control/panel.ts";
import { Election } from "../events/election.ts";
import { Heart } from "../events/heart.ts";
import { EventSender } from "../events/sender.ts";
import { inPoolChild } from "../registry.ts";
import { DIRECT_SUFFIX } from "../router.ts";
import type { Runtime } from "../runtime.ts";
import { Autoscaler } from "./autoscaler.ts";
import { quietLogger, type WorkerContext } from "./context.ts";
import { WorkerControlTarget } from "./control-target.ts";
import { Intake } from "./intake.ts";
import { mingle } from "./mingle.ts";
import type { WorkerOptions } from "./options.ts";
import { openPool, type PoolKind } from "./pool.ts";
import { Revoked } from "./revoked.ts";
import { dismantle, type WorkerServices, type WorkerSetup } from "./shutdown.ts";
import { Slots } from "./slots.ts";

/**
 * Takes tasks from queues and runs them.
 *
 *     idle --start--> running --stop--> stopping --> stopped
 *
 * `stop` is Celery's warm shutdown: take nothing more, finish what runs, give the rest back. `terminate` is the cold
 * one: what runs is stopped and given back too. Both leave no message behind; where the broker is gone they reject with
 * an OperationalError once `shutdownTimeout` has passed after the last task's end, and the worker has stopped all the same.
 */
export class Worker implements Service {
  readonly node: string;
  readonly #runtime: Runtime;
  readonly #options: WorkerOptions;
  readonly #kind: PoolKind;
  #state: ServiceState = "idle";
  #parts: WorkerSetup | undefined;
  #stopped: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(runtime: Runtime, options: WorkerOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.#kind = options.pool ?? "loop";
    this.node = nodeName(options.hostname);
    if (options.concurrency !== undefined) requireInteger("concurrency", options.concurrency, 1);
    if (options.maxMemoryPerChild !== undefined)
      requireInteger("maxMemoryPerChild", options.maxMemoryPerChild, 1);
    if (options.shutdownTimeout !== undefined) requireSeconds("shutdownTimeout", options.shutdownTimeout);
  }

  get state(): ServiceState {
    return this.#state;
  }

  get concurrency(): number {
    return this.#parts?.slots.concurrency ?? this.#startConcurrency();
  }

  /** Resolves when the worker has stopped, by whoever's wish. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    if (this.#state !== "idle")
      throw new StateError(`A worker can be started once; this one is ${this.#state}`);
    if (inPoolChild())
      throw new StateError("A worker was started in its own pool; start it `if (import.meta.main)`");
    this.#state = "running";
    // Sockets may be gone for a while when the broker is; the worker is still there.
    this.#keepAlive = setInterval(() => {}, 2 ** 30);
    try {
      this.#parts = await this.#assemble();
    } catch (error) {
      clearInterval(this.#keepAlive);
      this.#state = "stopped";
      this.#ended.resolve();
      throw error;
    }
  }

  /** Warm shutdown. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#shutDown(false));
  }

  /** Cold shutdown; overtakes a warm one that is under way. */
  terminate(): Promise<void> {
    if (this.#stopped !== undefined) this.#parts?.slots.stopActive();
    return (this.#stopped ??= this.#shutDown(true));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #assemble(): Promise<WorkerSetup> {
    const broker = await this.#runtime.connections.broker();
    const context = await this.#makeContext(broker);
    if (this.#mingles()) await mingle(this.#runtime, this.node, context.revoked);
    const pool = openPool(this.#runtime, {
      kind: this.#kind,
      maxTasksPerChild: this.#options.maxTasksPerChild,
      maxMemoryPerChild: this.#options.maxMemoryPerChild,
    });
    const slots = new Slots(context, pool, this.#startConcurrency());
    const intake = new Intake(context, {
      enqueue: (request) => slots.enqueue(request),
      settle: (request, work) => slots.track(request, work),
      heldChanged: () => this.#setPrefetch(),
    });
    const consumer = await broker.consume({
      queues: this.#queues(),
      prefetch: this.#prefetch(slots, intake),
      onDelivery: (delivery) => intake.receive(delivery),
      onMalformed: (error) => context.log("error", `A malformed message was dropped: ${error.message}`),
      blocking: this.#blocking(context),
    });
    const parts = { context, pool, slots, intake, consumer, ...this.#scaling(slots) };
    return { ...parts, services: await this.#openServices(parts) };
  }

  async #makeContext(broker: Broker): Promise<WorkerContext> {
    const { settings, connections, lamport } = this.#runtime;
    const enabled = this.#options.events ?? settings.workerSendTaskEvents;
    return {
      runtime: this.#runtime,
      node: this.node,
      backend: settings.backend === null ? undefined : await connections.backend(),
      events: new EventSender(this.node, settings.eventExchange, broker, lamport, enabled),
      revoked: new Revoked(this.#options.stateDb),
      log: this.#options.log ?? quietLogger,
      inHand: new Map(),
      totals: new Map(),
      timeLimits: new Map(),
      losses: new Map(),
      prefetch: () => (this.#parts === undefined ? 0 : this.#prefetch(this.#parts.slots, this.#parts.intake)),
    };
  }

  /** Only tasks in this thread can block it. */
  #blocking({ log, runtime }: WorkerContext): Blocking | undefined {
    if (this.#kind === "threads" || this.#kind === "processes") return undefined;
    return {
      seconds: runtime.settings.leaseBlockedSeconds,
      onUnable: ({ message }) =>
        log("warning", `Leases are not renewed while a task blocks the event loop: ${message}`),
    };
  }

  #mingles(): boolean {
    return this.#options.mingle === true && this.#options.remoteControl !== false;
  }

  #scaling(slots: Slots): { autoscaler: Autoscaler | undefined } {
    const { autoscale } = this.#options;
    if (autoscale === undefined) return { autoscaler: undefined };
    const target = {
      get concurrency() {
        return slots.concurrency;
      },
      load: () => slots.active.size + slots.ready.size,
      resize: (by: number) => this.#resize(by),
    };
    const autoscaler = new Autoscaler(target, autoscale.max, autoscale.min);
    autoscaler.start();
    return { autoscaler };
  }

  /** Remote control and heartbeat; they come last and go last, so that a worker that answers is one that works. */
  async #openServices(parts: Omit<WorkerSetup, "services">): Promise<WorkerServices | undefined> {
    if (this.#options.remoteControl === false) return undefined;
    const { context, slots } = parts;
    const heart = new Heart(context.events, () => ({
      active: slots.active.size,
      processed: slots.processed,
    }));
    const election = new Election(this.#runtime, this.node, context.events);
    const target = new WorkerControlTarget({
      ...parts,
      heart,
      election,
      pool: this.#kind,
      resize: (by) => this.#resize(by),
      shutDown: () => void this.stop().catch((error: Error) => parts.context.log("error", error.message)),
    });
    const panel = await openPanel(target);
    if (this.#options.gossip !== false) await election.start();
    if (this.#options.heartbeat !== false) await heart.start();
    return { panel, heart, election };
  }

  async #shutDown(cold: boolean): Promise<void> {
    const before = this.#state;
    this.#state = "stopping";
    try {
      if (this.#parts !== undefined && before === "running")
        await dismantle(this.#parts, this.#options, cold);
    } finally {
      clearInterval(this.#keepAlive);
      this.#state = "stopped";
      this.#ended.resolve();
    }
  }

  #resize(by: number): void {
    const slots = this.#parts?.slots;
    slots?.resize(slots.concurrency + by);
    this.#setPrefetch();
  }

  #queues(): QueueSpec[] {
    const { queues } = this.#options;
    const { router, settings } = this.#runtime;
    const named = queues === undefined ? router.defaultQueues() : queues.map((name) => router.queue(name));
    return settings.workerDirect ? [...named, router.queue(`${this.node}${DIRECT_SUFFIX}`)] : named;
  }

  #prefetch(slots: Slots, intake: Intake): number {
    const multiplier = this.#options.prefetchMultiplier ?? this.#runtime.settings.workerPrefetchMultiplier;
    return multiplier === 0 ? NO_LIMIT : Math.min(NO_LIMIT, slots.concurrency * multiplier + intake.held);
  }

  #setPrefetch(): void {
    const parts = this.#parts;
    parts?.consumer.setPrefetch(this.#prefetch(parts.slots, parts.intake));
  }

  #startConcurrency(): number {
    const { concurrency = this.#runtime.settings.workerConcurrency, autoscale } = this.#options;
    if (autoscale !== undefined) return autoscale.min;
    if (concurrency !== null) return concurrency;
    if (this.#kind === "solo") return 1;
    return this.#kind === "loop" ? LOOP_CONCURRENCY : availableParallelism();
  }
}

/** AMQP's largest prefetch count. */
const NO_LIMIT = 65_535;
/** Enough to hide network latency, few enough not to exhaust sockets and file descriptors. */
const LOOP_CONCURRENCY = 100;

function nodeName(given: string | undefined): string {
  const [name = "celery", host = hostname()] = (given ?? "celery").split("@");
  return `${name === "" ? "celery" : name}@${host.replaceAll("%h", hostname())}`;
}
