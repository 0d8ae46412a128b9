import { hostname } from "node:os";
import { Fifo, type Service, type ServiceState, StateError, requireInteger } from "../../core/index.ts";
import type { Consumer } from "../brokers/broker.ts";
import { EventSender } from "../events/sender.ts";
import type { Runtime } from "../runtime.ts";
import type { Logger, WorkerContext } from "./context.ts";
import { quietLogger } from "./context.ts";
import { Intake } from "./intake.ts";
import { LoopPool, type PoolKind, type TaskPool } from "./pool.ts";
import type { Request } from "./request.ts";
import { Revoked } from "./revoked.ts";
import { revoke, settle, type Ending } from "./settle.ts";
import { storeState } from "./store.ts";

export interface WorkerOptions {
  /** Tasks at once. Default: 100 in the event loop, the number of cores in threads and processes, 1 in solo. */
  readonly concurrency?: number;
  /** Where tasks run: this event loop (default), threads, processes, or one at a time. */
  readonly pool?: PoolKind;
  /** Names of the queues to take from. Default: the app's. */
  readonly queues?: readonly string[];
  /** Node name, `name@host`; what is left out is filled in. Default `celery@` this host. */
  readonly hostname?: string;
  /** Messages taken ahead, per slot. */
  readonly prefetchMultiplier?: number;
  /** Send task events from the start. */
  readonly events?: boolean;
  readonly log?: Logger;
}

/**
 * Takes tasks from queues and runs them.
 *
 *     idle --start--> running --stop--> stopping --> stopped
 *
 * `stop` is Celery's warm shutdown: take nothing more, finish what runs, give the rest back. `terminate` is the cold
 * one: what runs is stopped and given back too. Both leave no message behind.
 */
export class Worker implements Service {
  readonly node: string;
  readonly #runtime: Runtime;
  readonly #options: WorkerOptions;
  readonly #ready = new Fifo<Request>();
  readonly #active = new Map<string, Request>();
  readonly #settling = new Set<Promise<void>>();
  #state: ServiceState = "idle";
  #concurrency: number;
  #context: WorkerContext | undefined;
  #consumer: Consumer | undefined;
  #intake: Intake | undefined;
  #pool: TaskPool | undefined;
  #stopped: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(runtime: Runtime, options: WorkerOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.node = nodeName(options.hostname);
    this.#concurrency = requireInteger("concurrency", options.concurrency ?? defaultConcurrency(options), 1);
  }

  get state(): ServiceState {
    return this.#state;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  async start(): Promise<void> {
    if (this.#state !== "idle")
      throw new StateError(`A worker can be started once; this one is ${this.#state}`);
    this.#state = "running";
    // Sockets may be gone for a while when the broker is; the worker is still there.
    this.#keepAlive = setInterval(() => {}, 2 ** 30);
    const broker = await this.#runtime.connections.broker();
    const { settings } = this.#runtime;
    const backend = settings.backend === null ? undefined : await this.#runtime.connections.backend();
    const events = new EventSender(
      this.node,
      settings.eventExchange,
      broker,
      this.#runtime.lamport,
      this.#options.events ?? settings.workerSendTaskEvents,
    );
    this.#context = {
      runtime: this.#runtime,
      node: this.node,
      backend,
      events,
      revoked: new Revoked(),
      log: this.#options.log ?? quietLogger,
      totals: new Map(),
    };
    this.#pool = new LoopPool(this.#options.pool ?? "loop");
    this.#intake = new Intake(this.#context, {
      enqueue: (request) => this.#enqueue(request),
      known: (id) => this.#active.get(id) ?? [...this.#ready].find((request) => request.id === id),
      settle: (request, work) => this.#track(request, work),
      heldChanged: () => this.#setPrefetch(),
    });
    this.#consumer = await broker.consume({
      queues: this.#queues(),
      prefetch: this.#prefetch(),
      onDelivery: (delivery) => this.#intake!.receive(delivery),
      onMalformed: (error) =>
        this.#context!.log("error", `A malformed message was dropped: ${error.message}`),
    });
  }

  /** Warm shutdown. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#shutDown(false));
  }

  /** Cold shutdown; overtakes a warm one that is under way. */
  async terminate(): Promise<void> {
    const warm = this.#stopped;
    this.#stopped ??= this.#shutDown(true);
    if (warm !== undefined) this.#stopActive();
    await this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #shutDown(cold: boolean): Promise<void> {
    const before = this.#state;
    this.#state = "stopping";
    if (before !== "idle") {
      await this.#consumer?.pause();
      this.#intake?.close();
      this.#ready.clear();
      if (cold) this.#stopActive();
      await this.#idle();
      await this.#pool?.stop();
      await this.#consumer?.close();
      await this.#context?.events.flush();
      clearInterval(this.#keepAlive);
    }
    this.#state = "stopped";
  }

  #stopActive(): void {
    for (const request of this.#active.values()) request.stop?.("shutdown");
  }

  async #idle(): Promise<void> {
    while (this.#active.size > 0 || this.#settling.size > 0) {
      if (this.#active.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
      else await Promise.allSettled(this.#settling);
    }
  }

  #enqueue(request: Request): void {
    request.state = "ready";
    this.#ready.push(request);
    this.#pump();
  }

  #pump(): void {
    while (this.#state === "running" && this.#active.size < this.#concurrency) {
      const request = this.#ready.shift();
      if (request === undefined) return;
      this.#run(request);
    }
  }

  #run(request: Request): void {
    const context = this.#context!;
    if (context.revoked.has(request.id, request.headers.stamps))
      return this.#track(request, revoke(context, request, "revoked"));
    request.state = "active";
    request.timeStart = Date.now() / 1000;
    this.#active.set(request.id, request);
    const { options } = request.definition;
    if (!(options.acksLate ?? this.#runtime.settings.taskAcksLate)) request.acknowledge();
    context.events.task("task-started", () => ({ uuid: request.id }));
    if (options.trackStarted ?? this.#runtime.settings.taskTrackStarted) {
      const result = { pid: process.pid, hostname: this.node };
      void storeState(context, request, { status: "STARTED", result }).catch(() => {});
    }
    const ports = {
      isEager: false,
      storeState: (status: string, meta: unknown) => storeState(context, request, { status, result: meta }),
    };
    void this.#pool!.run(request, this.node, ports).then((ending) => this.#ended(request, ending));
  }

  #ended(request: Request, ending: Ending): void {
    request.state = "settling";
    this.#active.delete(request.id);
    this.#track(request, settle(this.#context!, request, ending));
    this.#pump();
    if (this.#active.size === 0) this.#drained?.();
  }

  /** A request whose ending could not be written goes back to the broker: it will be run again rather than be lost. */
  #track(request: Request, work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.#context!.log("error", `Task ${request.id} could not be settled: ${String(error)}`);
        request.reject(true);
      })
      .finally(() => {
        request.state = "gone";
        this.#settling.delete(tracked);
      });
    this.#settling.add(tracked);
  }

  #queues(): ReturnType<Runtime["router"]["defaultQueues"]> {
    const { queues } = this.#options;
    return queues === undefined
      ? this.#runtime.router.defaultQueues()
      : queues.map((name) => this.#runtime.router.queue(name));
  }

  #prefetch(): number {
    const multiplier = this.#options.prefetchMultiplier ?? this.#runtime.settings.workerPrefetchMultiplier;
    if (multiplier === 0) return NO_LIMIT;
    return this.#concurrency * multiplier + (this.#intake?.held ?? 0);
  }

  #setPrefetch(): void {
    this.#consumer?.setPrefetch(this.#prefetch());
  }
}

/** AMQP's largest prefetch count. */
const NO_LIMIT = 65_535;

function nodeName(given: string | undefined): string {
  const [name = "celery", host = hostname()] = (given ?? "celery").split("@");
  return `${name === "" ? "celery" : name}@${host.replace("%h", hostname())}`;
}

function defaultConcurrency(options: WorkerOptions): number {
  return options.pool === "solo" ? 1 : 100;
}
