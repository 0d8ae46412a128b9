import { availableParallelism } from "node:os";
import { invalid, requireFunction, requireInteger, requireOneOf, requireSeconds } from "../core/index.ts";
import type { ResourceLimits } from "./peer.ts";

/** Carries what AsyncLocalStorage holds at submit to the worker. */
export interface ContextCarrier<V = any> {
  /** Called at submit: the value to carry, e.g. `() => requestId.getStore()`. */
  readonly capture: () => V;
  /** Shipped; calls `task` with the value in force, e.g. `(value, task) => requestId.run(value, task)`. */
  readonly restore: (value: V, task: () => unknown) => unknown;
}

export interface WorkerPoolOptions {
  /** Most workers; they start as work arrives. Default: `os.availableParallelism()`. */
  readonly maxWorkers?: number | undefined;
  /** Runs in each worker before its first task. If it throws, the executor is broken, as in Python. */
  readonly initializer?: ((...args: any[]) => unknown) | undefined;
  readonly initArgs?: readonly unknown[] | undefined;
  /** A worker is replaced after so many tasks: for libraries that leak. Default: never. */
  readonly maxTasksPerChild?: number | undefined;
  /** Tasks that one worker runs at once when they are asynchronous. Default 1. */
  readonly concurrencyPerWorker?: number | undefined;
  /** Seconds after which a worker without work ends. Default: never; idle workers hold neither CPU nor the program. */
  readonly idleTimeout?: number | undefined;
  /** Most tasks waiting for a worker; `submit` then throws QueueFullError. Default: no limit. */
  readonly queueLimit?: number | undefined;
  readonly resourceLimits?: ResourceLimits | undefined;
  /** "heal" (default): a worker that dies is replaced. "strict": the executor is broken for good, as in Python. */
  readonly brokenPolicy?: "heal" | "strict" | undefined;
  /** Workers are called `<name>_0`, `<name>_1`... Python: `thread_name_prefix`. */
  readonly name?: string | undefined;
  readonly context?: ContextCarrier | undefined;
  /** Node options of the workers; default: those of this process that make sense in a worker. */
  readonly execArgv?: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** The same, checked and complete. */
export interface PoolSettings {
  readonly maxWorkers: number;
  readonly initializer: ((...args: any[]) => unknown) | undefined;
  readonly initArgs: readonly unknown[];
  readonly maxTasksPerChild: number;
  readonly concurrency: number;
  readonly idleTimeout: number;
  readonly queueLimit: number;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly strict: boolean;
  readonly name: string;
  readonly context: ContextCarrier | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly env: NodeJS.ProcessEnv | undefined;
}

export function checkPoolOptions(options: WorkerPoolOptions, kind: string, name?: string): PoolSettings {
  if (typeof options !== "object" || options === null)
    throw invalid("options", options, "an object, such as { maxWorkers: 4 }");
  const { initializer, initArgs = [], context } = options;
  if (initializer !== undefined) requireFunction("initializer", initializer);
  if (!Array.isArray(initArgs)) throw invalid("initArgs", initArgs, "an array of arguments");
  if (context !== undefined) {
    requireFunction("context.capture", context.capture);
    requireFunction("context.restore", context.restore);
  }
  return {
    maxWorkers: requireInteger("maxWorkers", options.maxWorkers ?? availableParallelism(), 1, 1024),
    initializer,
    initArgs,
    maxTasksPerChild: countOrInfinity("maxTasksPerChild", options.maxTasksPerChild),
    concurrency: requireInteger("concurrencyPerWorker", options.concurrencyPerWorker ?? 1, 1),
    idleTimeout: requireSeconds("idleTimeout", options.idleTimeout),
    queueLimit: countOrInfinity("queueLimit", options.queueLimit),
    resourceLimits: options.resourceLimits,
    strict: requireOneOf("brokenPolicy", options.brokenPolicy ?? "heal", ["heal", "strict"]) === "strict",
    name: options.name ?? name ?? `${kind}-pool-${++pools}`,
    context,
    execArgv: options.execArgv,
    env: options.env,
  };
}

let pools = 0;

function countOrInfinity(parameter: string, value: number | undefined): number {
  return value === undefined || value === Infinity ? Infinity : requireInteger(parameter, value, 1);
}
