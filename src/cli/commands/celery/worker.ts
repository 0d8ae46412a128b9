import type { LogLevel, Worker, WorkerOptions } from "../../../celery/index.ts";
import { UsageError } from "../../../core/index.ts";
import { integerOption, parseCommand, secondsOption } from "../../args.ts";
import { APP_OPTIONS, listOf, openApp } from "./app.ts";
import { print, printError } from "./print.ts";

const OPTIONS = {
  ...APP_OPTIONS,
  concurrency: { type: "string", short: "c" },
  queues: { type: "string", short: "Q" },
  pool: { type: "string", short: "P" },
  hostname: { type: "string", short: "n" },
  "task-events": { type: "boolean", short: "E" },
  loglevel: { type: "string", short: "l" },
  autoscale: { type: "string" },
  "max-tasks-per-child": { type: "string" },
  "max-memory-per-child": { type: "string" },
  statedb: { type: "string", short: "S" },
  "prefetch-multiplier": { type: "string" },
  "soft-shutdown-timeout": { type: "string" },
  "shutdown-timeout": { type: "string" },
  "without-heartbeat": { type: "boolean" },
  "without-gossip": { type: "boolean" },
  "without-mingle": { type: "boolean" },
} as const;

const LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/** `spool celery worker`: runs until a signal or a remote shutdown ends it. */
export async function worker(args: readonly string[]): Promise<number> {
  const { values } = parseCommand(args, OPTIONS);
  const app = await openApp(values);
  const running = app.worker(workerOptions(values));
  await running.start();
  const unlink = onSignals(running);
  const tasks = [...app.runtime.tasks.values()].filter((task) => !task.builtin).map((task) => task.name);
  print(`${running.node} ready. ${tasks.length} tasks: ${tasks.join(", ")}`);
  await running.ended;
  unlink();
  try {
    await running.stop();
  } finally {
    // A broker that did not answer just now does not do so here either, which the worker has said already.
    await app.close().catch((error: Error) => printError(error.message));
  }
  return 0;
}

type Values = ReturnType<typeof parseCommand<typeof OPTIONS>>["values"];

function workerOptions(values: Values): WorkerOptions {
  const level = LEVELS.indexOf((values.loglevel?.toLowerCase() ?? "warning") as LogLevel);
  if (level < 0) throw new UsageError(`-l takes one of ${LEVELS.join(", ")}, got "${values.loglevel}"`);
  const options = {
    concurrency: integerOption("-c", values.concurrency, 1),
    queues: listOf(values.queues),
    pool: poolOf(values.pool),
    hostname: values.hostname,
    events: values["task-events"],
    autoscale: autoscaleOf(values.autoscale),
    maxTasksPerChild: integerOption("--max-tasks-per-child", values["max-tasks-per-child"], 1),
    maxMemoryPerChild: integerOption("--max-memory-per-child", values["max-memory-per-child"], 1),
    stateDb: values.statedb,
    prefetchMultiplier: integerOption("--prefetch-multiplier", values["prefetch-multiplier"], 0),
    softShutdownTimeout: secondsOption("--soft-shutdown-timeout", values["soft-shutdown-timeout"]),
    shutdownTimeout: secondsOption("--shutdown-timeout", values["shutdown-timeout"]),
    heartbeat: values["without-heartbeat"] !== true,
    gossip: values["without-gossip"] !== true,
    mingle: values["without-mingle"] !== true,
    log: (severity: LogLevel, message: string) => {
      if (LEVELS.indexOf(severity) >= level)
        printError(`[${new Date().toISOString()}: ${severity.toUpperCase()}] ${message}`);
    },
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as WorkerOptions;
}

/** Celery's own pool names are taken for the nearest one here. */
const POOLS: Readonly<Record<string, WorkerOptions["pool"]>> = {
  loop: "loop",
  threads: "threads",
  processes: "processes",
  solo: "solo",
  prefork: "processes",
  gevent: "loop",
  eventlet: "loop",
};

function poolOf(name: string | undefined): WorkerOptions["pool"] {
  if (name === undefined) return undefined;
  if (!Object.hasOwn(POOLS, name))
    throw new UsageError(`--pool takes one of ${Object.keys(POOLS).join(", ")}, got "${name}"`);
  return POOLS[name];
}

function autoscaleOf(value: string | undefined): { max: number; min: number } | undefined {
  if (value === undefined) return undefined;
  const [max, min = "1"] = value.split(",");
  return { max: integerOption("--autoscale", max, 1)!, min: integerOption("--autoscale", min, 1)! };
}

/** As Celery: the first TERM or INT is a warm shutdown, the next or a QUIT a cold one. */
function onSignals(running: Worker): () => void {
  let asked = false;
  const warm = (): void => {
    if (asked) return cold();
    asked = true;
    printError("warm shutdown (again for a cold one)");
    // Whoever awaits `stop` hears of its failure.
    running.stop().catch(() => {});
  };
  const cold = (): void => void running.terminate().catch(() => {});
  process.on("SIGTERM", warm).on("SIGINT", warm).on("SIGQUIT", cold);
  return () => process.off("SIGTERM", warm).off("SIGINT", warm).off("SIGQUIT", cold);
}
