import type { QueueSpec } from "../brokers/broker.ts";
import { queueSpec } from "../settings.ts";
import type { ControlTarget } from "./target.ts";

type Arguments = Readonly<Record<string, unknown>>;

/** Carries a command out and gives the reply. */
export type Command = (target: ControlTarget, args: Arguments) => unknown;

const ok = (text: string): object => ({ ok: text });
const failed = (text: string): object => ({ error: text });

/** Every command that a worker answers, by Celery's names, with Celery's replies. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ping: () => ok("pong"),
  hello: (target, { from_node, revoked }) => {
    if (from_node === target.node) return null;
    target.revoke(Object.keys((revoked as object | null | undefined) ?? {}), false);
    const ids = target.revokedIds().map((id) => [id, [0, id]]);
    return { revoked: Object.fromEntries(ids), clock: target.runtime.lamport.forward() };
  },
  revoke: (target, { task_id, terminate }) => {
    const ids = (Array.isArray(task_id) ? task_id : [task_id]).map(String);
    const stopped = target.revoke(ids, terminate === true);
    if (terminate === true)
      return ok(`terminate: ${stopped.length === 0 ? "tasks unknown" : stopped.join(", ")}`);
    return ok(`tasks ${ids.join(", ")} flagged as revoked`);
  },
  revoke_by_stamped_headers: (target, { headers, terminate }) => {
    const stamps = (headers as Record<string, unknown> | null | undefined) ?? {};
    target.revokeByStamps(stamps, terminate === true);
    return ok(
      `headers ${JSON.stringify(stamps)} flagged as revoked${terminate === true ? "" : ", but not terminated"}`,
    );
  },
  rate_limit: (target, { task_name, rate_limit }) => {
    if (!target.runtime.tasks.has(String(task_name))) return failed("unknown task");
    try {
      target.setRateLimit(String(task_name), rate_limit as string);
    } catch {
      return failed(`Invalid rate limit string: ${JSON.stringify(rate_limit)}`);
    }
    const off = rate_limit === null || rate_limit === undefined || rate_limit === 0 || rate_limit === "0";
    return ok(off ? "rate limit disabled successfully" : "new rate limit set successfully");
  },
  time_limit: (target, { task_name, hard, soft }) => {
    if (!target.runtime.tasks.has(String(task_name))) return failed("unknown task");
    target.setTimeLimit(String(task_name), numberOr(hard), numberOr(soft));
    return ok("time limits set successfully");
  },
  pool_grow: (target, { n }) => {
    target.resize(numberOr(n) ?? 1);
    return ok("pool will grow");
  },
  pool_shrink: (target, { n }) => {
    target.resize(-(numberOr(n) ?? 1));
    return ok("pool will shrink");
  },
  pool_restart: () => failed("ValueError('Pool restarts not enabled')"),
  autoscale: (target, { max, min }) =>
    target.autoscale(numberOr(max) ?? undefined, numberOr(min) ?? undefined)
      ? ok(`autoscale now max=${String(max)} min=${String(min)}`)
      : failed("ValueError('Autoscale not enabled')"),
  add_consumer: async (target, { queue, exchange, exchange_type, routing_key }) => {
    await target.addConsumer(
      queueSpec({
        name: String(queue),
        ...(typeof exchange === "string" ? { exchange } : {}),
        ...(typeof exchange_type === "string" ? { exchangeType: exchange_type as "direct" } : {}),
        ...(typeof routing_key === "string" ? { routingKey: routing_key } : {}),
      }),
    );
    return ok(`add consumer ${String(queue)}`);
  },
  cancel_consumer: async (target, { queue }) => {
    await target.cancelConsumer(String(queue));
    return ok(`no longer consuming from ${String(queue)}`);
  },
  enable_events: (target) =>
    ok(target.setEvents(true) ? "task events enabled" : "task events already enabled"),
  disable_events: (target) =>
    ok(target.setEvents(false) ? "task events disabled" : "task events already disabled"),
  heartbeat: async (target) => {
    await target.heartbeat();
    return null;
  },
  shutdown: (target) => {
    target.shutDown();
    return undefined;
  },
  election: (target, { id, topic, action }) => {
    target.elect(String(id), String(topic), action);
    return undefined;
  },
  active: (target) => target.active(),
  reserved: (target) => target.reserved(),
  scheduled: (target) => target.scheduled(),
  revoked: (target) => target.revokedIds(),
  registered: (target, { taskinfoitems }) => registered(target, taskinfoitems),
  query_task: (target, { ids }) => queryTask(target, (Array.isArray(ids) ? ids : [ids]).map(String)),
  active_queues: (target) => target.queues().map(describeQueue),
  stats: (target) => target.stats(),
  conf: (target) => configuration(target),
  report: (target) =>
    ok(
      `software -> spool node:${process.versions.node} transport:${target.runtime.settings.broker.split(":")[0]}`,
    ),
  clock: (target) => ({ clock: target.runtime.lamport.value }),
  memsample: () => `${(process.memoryUsage.rss() / 1e6).toFixed(1)}MB`,
  memdump: () => [`rss ${(process.memoryUsage.rss() / 1e6).toFixed(1)}MB`],
  objgraph: () => failed("ImportError('objgraph is Python only')"),
};

/** Python's `inspect` commands of older versions go by these names too. */
export const ALIASES: Readonly<Record<string, string>> = {
  dump_active: "active",
  dump_reserved: "reserved",
  dump_schedule: "scheduled",
  dump_revoked: "revoked",
  dump_tasks: "registered",
  dump_conf: "conf",
};

const TASK_INFO: Record<string, string> = {
  rate_limit: "rateLimit",
  exchange: "exchange",
  routing_key: "routingKey",
  ignore_result: "ignoreResult",
  time_limit: "timeLimit",
  soft_time_limit: "softTimeLimit",
  serializer: "serializer",
  queue: "queue",
};

function registered(target: ControlTarget, items: unknown): string[] {
  const wanted =
    Array.isArray(items) && items.length > 0 ? items.map(String) : ["exchange", "routing_key", "rate_limit"];
  const own = [...target.runtime.tasks.values()].filter((task) => !task.builtin);
  return own
    .map(({ name, options }) => {
      const shown = wanted.flatMap((item) => {
        const value = (options as Record<string, unknown>)[TASK_INFO[item] ?? item];
        return value === undefined || value === null ? [] : [`${item}=${String(value)}`];
      });
      return shown.length === 0 ? name : `${name} [${shown.join(" ")}]`;
    })
    .sort();
}

function queryTask(target: ControlTarget, ids: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const look = (state: string, requests: readonly Readonly<Record<string, unknown>>[]): void => {
    for (const request of requests) {
      const id = String(request["id"]);
      if (ids.includes(id)) found[id] ??= [state, request];
    }
  };
  look("active", target.active());
  look("reserved", target.reserved());
  return found;
}

function describeQueue(queue: QueueSpec): object {
  const { name, exchange, exchangeType, routingKey } = queue;
  return {
    name,
    exchange: {
      name: exchange,
      type: exchangeType,
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: routingKey,
    queue_arguments: queue.arguments ?? null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: false,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: queue.arguments?.["x-max-priority"] ?? null,
  };
}

/** Settings by Celery's names; what may hold a password is left out. */
function configuration(target: ControlTarget): Record<string, unknown> {
  const { settings } = target.runtime;
  return {
    include: settings.include,
    task_default_queue: settings.taskDefaultQueue,
    task_serializer: settings.taskSerializer,
    result_serializer: settings.resultSerializer,
    accept_content: settings.acceptContent,
    result_expires: settings.resultExpires,
    task_acks_late: settings.taskAcksLate,
    task_reject_on_worker_lost: settings.taskRejectOnWorkerLost,
    task_track_started: settings.taskTrackStarted,
    task_time_limit: settings.taskTimeLimit,
    task_soft_time_limit: settings.taskSoftTimeLimit,
    worker_prefetch_multiplier: settings.workerPrefetchMultiplier,
  };
}

function numberOr(value: unknown): number | null {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}
