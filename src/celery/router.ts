import type { Address, QueueSpec } from "./brokers/broker.ts";
import { queueSpec, type QueueOptions, type Route, type Settings } from "./settings.ts";

/** Where one message goes. */
export interface Destination {
  /** The queue to declare before sending; none when the call names an exchange of its own. */
  readonly queue: QueueSpec | undefined;
  readonly address: Address;
  readonly priority: number;
}

/** Decides where tasks go: the call's own wish, then `taskRoutes`, then the default queue. */
export class Router {
  readonly #settings: Settings;
  readonly #queues = new Map<string, QueueSpec>();
  readonly #destinations = new Map<string, Destination>();

  constructor(settings: Settings) {
    this.#settings = settings;
    for (const options of settings.taskQueues) this.#queues.set(options.name, queueSpec(options));
  }

  /** The queue of that name; an unknown one is made with defaults, as Celery's `task_create_missing_queues` does. */
  queue(name: string): QueueSpec {
    return this.#queues.get(name) ?? queueSpec(isDirect(name) ? directQueue(name) : { name });
  }

  /** The queues a worker consumes from when it is not told. */
  defaultQueues(): QueueSpec[] {
    const { taskQueues, taskDefaultQueue } = this.#settings;
    return taskQueues.length > 0
      ? taskQueues.map(({ name }) => this.queue(name))
      : [this.queue(taskDefaultQueue)];
  }

  route(
    task: string,
    wish: Route,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
  ): Destination {
    const configured = this.#configured(task, args, kwargs);
    const priority = wish.priority ?? configured?.priority ?? 0;
    const exchange = wish.exchange ?? configured?.exchange;
    const routingKey = wish.routingKey ?? configured?.routingKey;
    const name = wish.queue ?? configured?.queue;
    if (name === undefined && exchange !== undefined && exchange !== "")
      return {
        queue: undefined,
        address: { exchange, exchangeType: "direct", routingKey: routingKey ?? "" },
        priority,
      };
    return this.#toQueue(name ?? routingKey ?? this.#settings.taskDefaultQueue, routingKey, priority);
  }

  #toQueue(name: string, routingKey: string | undefined, priority: number): Destination {
    const key = `${priority} ${name} ${routingKey ?? ""}`;
    let destination = this.#destinations.get(key);
    if (destination === undefined) {
      destination = build(this.queue(name), routingKey, priority);
      if (this.#destinations.size < MOST_CACHED) this.#destinations.set(key, destination);
    }
    return destination;
  }

  #configured(
    task: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
  ): Route | undefined {
    const routes = this.#settings.taskRoutes;
    if (typeof routes === "function") return routes(task, args, kwargs);
    const found = Object.hasOwn(routes, task)
      ? routes[task]
      : Object.entries(routes).find(([pattern]) => globMatches(pattern, task))?.[1];
    return typeof found === "string" ? { queue: found } : found;
  }
}

/** What stands after a worker's node name in the name of the queue that only it takes from (`workerDirect`). */
export const DIRECT_SUFFIX = ".dq2";

function isDirect(name: string): boolean {
  return name.includes("@") && name.endsWith(DIRECT_SUFFIX);
}

/** As Celery's `worker_direct` declares it. */
function directQueue(name: string): QueueOptions {
  return { name, exchange: "C.dq2", routingKey: name.slice(0, -DIRECT_SUFFIX.length) };
}

/** Queue names may be made up per call; nothing here must grow with them. */
const MOST_CACHED = 1000;

/** `*` for any run of characters, `?` for one. */
export function globMatches(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

function build(queue: QueueSpec, routingKey: string | undefined, priority: number): Destination {
  // A direct exchange with the queue's own key is the same as the default exchange, which needs no lookup.
  const straight = queue.exchangeType === "direct" && (routingKey ?? queue.routingKey) === queue.routingKey;
  const address: Address = straight
    ? { exchange: "", exchangeType: "direct", routingKey: queue.name }
    : {
        exchange: queue.exchange,
        exchangeType: queue.exchangeType,
        routingKey: routingKey ?? queue.routingKey,
      };
  return { queue, address, priority };
}
