import { invalid } from "../core/index.ts";
import type { QueueSpec } from "./brokers/broker.ts";
import type { CompressionName } from "./protocol/compression.ts";
import type { SerializerName } from "./protocol/serializers.ts";

/** A queue to consume from or send to; what is left out is named after the queue, as in Celery. */
export interface QueueOptions extends Partial<Omit<QueueSpec, "name">> {
  readonly name: string;
}

/** Where a task goes when the call does not say. */
export interface Route {
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly priority?: number;
}

/** Routes by task name; a key may hold `*` (`"video.*"`). Or a function of name and arguments. */
export type Routes =
  | Readonly<Record<string, Route | string>>
  | ((
      name: string,
      args: readonly unknown[],
      kwargs: Readonly<Record<string, unknown>>,
    ) => Route | undefined);

/** Settings by Celery's own names in camelCase. Durations are seconds. */
export interface Settings {
  /** `memory://`, `sqlite://FILE`, `redis://host:port/db` (`rediss://`, `sentinel://`), `amqp://user:pw@host/vhost` (`amqps://`). */
  readonly broker: string;
  /** The same kinds, or `rpc://` (results as messages), or null for none. Default: beside the broker; on RabbitMQ `rpc://`. */
  readonly backend: string | null;
  /** Modules (file URLs) that define tasks; a worker and its pool's children import them. */
  readonly include: readonly string[];
  readonly taskDefaultQueue: string;
  readonly taskQueues: readonly QueueOptions[];
  readonly taskRoutes: Routes;
  readonly taskSerializer: SerializerName;
  readonly resultSerializer: SerializerName;
  readonly acceptContent: readonly SerializerName[];
  readonly taskCompression: CompressionName | null;
  /** How long results are kept; null for ever. */
  readonly resultExpires: number | null;
  /** Name, arguments, worker and queue are stored with each result. */
  readonly resultExtended: boolean;
  /** `rpc://` results survive a broker restart. */
  readonly resultPersistent: boolean;
  readonly taskIgnoreResult: boolean;
  readonly taskTrackStarted: boolean;
  /** A message is acknowledged after its task ended, so that a killed worker's tasks are run by others. Celery's default is false. */
  readonly taskAcksLate: boolean;
  /** False: a failed task's message is rejected (to a dead letter queue, if there is one) instead of acknowledged. */
  readonly taskAcksOnFailureOrTimeout: boolean;
  /** A task whose pool child died is run again, a bounded number of times. Celery's default is false. */
  readonly taskRejectOnWorkerLost: boolean;
  /**
   * A message that comes again (its worker was killed, its connection lost) is not run when its task has succeeded
   * already. Celery's default is false.
   */
  readonly workerDeduplicateSuccessfulTasks: boolean;
  readonly taskTimeLimit: number | null;
  readonly taskSoftTimeLimit: number | null;
  readonly taskDefaultRateLimit: string | null;
  readonly taskSendSentEvent: boolean;
  /** Run tasks inside `delay` itself, without a worker; for users' tests. */
  readonly taskAlwaysEager: boolean;
  readonly workerPrefetchMultiplier: number;
  /** Each worker also takes from a queue of its own, `NODE.dq2`: a task sent there runs in that worker. */
  readonly workerDirect: boolean;
  readonly workerSendTaskEvents: boolean;
  readonly workerConcurrency: number | null;
  /** Most ETA tasks one worker holds; null for no limit. */
  readonly workerEtaTaskLimit: number | null;
  /** How long a message may stay unrenewed before others take it over; renewed while a task runs. */
  readonly leaseSeconds: number;
  /**
   * How long a worker whose tasks block its event loop (a computation in the pools loop and solo) keeps its messages;
   * after that it is taken to hang, and others take over. Default an hour.
   */
  readonly leaseBlockedSeconds: number;
  readonly brokerTransportOptions: Readonly<Record<string, unknown>>;
  readonly resultBackendTransportOptions: Readonly<Record<string, unknown>>;
  readonly controlExchange: string;
  readonly eventExchange: string;
  readonly beatSchedule: Readonly<Record<string, BeatEntryOptions>>;
}

/** One line of the schedule; `schedule` is seconds, or an object of `crontab()`, `schedule()`. */
export interface BeatEntryOptions {
  readonly task: string;
  readonly schedule: number | { next(after: Date): Date };
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

const DEFAULTS: Omit<Settings, "broker" | "backend"> = {
  include: [],
  taskDefaultQueue: "celery",
  taskQueues: [],
  taskRoutes: {},
  taskSerializer: "json",
  resultSerializer: "json",
  acceptContent: ["json"],
  taskCompression: null,
  resultExpires: 86_400,
  resultExtended: false,
  resultPersistent: false,
  taskIgnoreResult: false,
  taskTrackStarted: false,
  taskAcksLate: true,
  taskAcksOnFailureOrTimeout: true,
  taskRejectOnWorkerLost: true,
  workerDeduplicateSuccessfulTasks: true,
  taskTimeLimit: null,
  taskSoftTimeLimit: null,
  taskDefaultRateLimit: null,
  taskSendSentEvent: false,
  taskAlwaysEager: false,
  workerPrefetchMultiplier: 4,
  workerDirect: false,
  workerSendTaskEvents: false,
  workerConcurrency: null,
  workerEtaTaskLimit: null,
  leaseSeconds: 30,
  leaseBlockedSeconds: 3600,
  brokerTransportOptions: {},
  resultBackendTransportOptions: {},
  controlExchange: "celery",
  eventExchange: "celeryev",
  beatSchedule: {},
};

export function completeSettings(given: Partial<Settings>): Settings {
  for (const key of Object.keys(given)) {
    if (!(key in DEFAULTS) && key !== "broker" && key !== "backend")
      throw invalid("settings", key, `a known setting (${Object.keys(DEFAULTS).join(", ")})`);
  }
  const broker = given.broker ?? "memory://";
  const backend = given.backend === undefined ? besideBroker(broker) : given.backend;
  return { ...DEFAULTS, ...given, broker, backend };
}

/** The full description of a queue. */
export function queueSpec(options: QueueOptions): QueueSpec {
  return {
    name: options.name,
    exchange: options.exchange ?? options.name,
    exchangeType: options.exchangeType ?? "direct",
    routingKey: options.routingKey ?? options.name,
    arguments: options.arguments,
  };
}

function besideBroker(broker: string): string {
  return /^(amqps?|pyamqp):/.test(broker) ? "rpc://" : broker;
}
