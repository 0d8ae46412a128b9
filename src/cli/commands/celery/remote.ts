import type { BroadcastOptions } from "../../../celery/index.ts";
import { UsageError } from "../../../core/index.ts";
import { parseCommand, secondsOption } from "../../args.ts";
import { APP_OPTIONS, listOf, openApp } from "./app.ts";
import { print, printAnswers, printError } from "./print.ts";

const OPTIONS = {
  ...APP_OPTIONS,
  destination: { type: "string", short: "d" },
  timeout: { type: "string", short: "t" },
} as const;

type Arguments = Readonly<Record<string, unknown>>;

const INSPECT: Readonly<Record<string, (words: string[]) => Arguments>> = {
  ping: () => ({}),
  active: () => ({ safe: null }),
  reserved: () => ({}),
  scheduled: () => ({}),
  revoked: () => ({}),
  registered: (words) => ({ taskinfoitems: words }),
  stats: () => ({}),
  conf: () => ({ with_defaults: false }),
  active_queues: () => ({}),
  query_task: (words) => ({ ids: need(words, 1, "query_task ID...") }),
  report: () => ({}),
  clock: () => ({}),
};

const CONTROL: Readonly<Record<string, (words: string[]) => readonly [method: string, args: Arguments]>> = {
  revoke: (ids) => ["revoke", { task_id: need(ids, 1, "revoke ID..."), terminate: false, signal: null }],
  terminate: ([signal = "", ...ids]) => [
    "revoke",
    { task_id: need(ids, 1, "terminate SIGNAL ID..."), terminate: true, signal },
  ],
  rate_limit: (words) => {
    const [task_name, rate_limit] = need(words, 2, "rate_limit TASK RATE");
    return ["rate_limit", { task_name, rate_limit }];
  },
  time_limit: (words) => {
    const [task_name, soft, hard] = need(words, 2, "time_limit TASK SOFT [HARD]");
    return ["time_limit", { task_name, soft: Number(soft), hard: hard === undefined ? null : Number(hard) }];
  },
  pool_grow: ([n = "1"]) => ["pool_grow", { n: Number(n) }],
  pool_shrink: ([n = "1"]) => ["pool_shrink", { n: Number(n) }],
  autoscale: (words) => {
    const [max, min] = need(words, 2, "autoscale MAX MIN");
    return ["autoscale", { max: Number(max), min: Number(min) }];
  },
  add_consumer: (words) => ["add_consumer", { queue: need(words, 1, "add_consumer QUEUE")[0] }],
  cancel_consumer: (words) => ["cancel_consumer", { queue: need(words, 1, "cancel_consumer QUEUE")[0] }],
  enable_events: () => ["enable_events", {}],
  disable_events: () => ["disable_events", {}],
  heartbeat: () => ["heartbeat", {}],
  shutdown: () => ["shutdown", {}],
};

/** `spool celery inspect COMMAND`. */
export function inspect(args: readonly string[]): Promise<number> {
  return ask(args, (command, words) => {
    const make = Object.hasOwn(INSPECT, command) ? INSPECT[command] : undefined;
    if (make === undefined) throw unknown("inspect", command, INSPECT);
    return [command, make(words)];
  });
}

/** `spool celery control COMMAND`. */
export function control(args: readonly string[]): Promise<number> {
  return ask(args, (command, words) => {
    const make = Object.hasOwn(CONTROL, command) ? CONTROL[command] : undefined;
    if (make === undefined) throw unknown("control", command, CONTROL);
    return make(words);
  });
}

/** `spool celery status`. */
export async function status(args: readonly string[]): Promise<number> {
  const { values } = parseCommand(args, OPTIONS);
  const code = await ask([...args, "ping"], () => ["ping", {}]);
  if (values.json !== true && code === 0) print("(these nodes are online)");
  return code;
}

async function ask(
  args: readonly string[],
  toCall: (command: string, words: string[]) => readonly [method: string, args: Arguments],
): Promise<number> {
  const { values, positionals } = parseCommand(args, OPTIONS);
  const [command, ...words] = positionals;
  if (command === undefined) throw new UsageError("say which command");
  const [method, methodArgs] = toCall(command, words);
  const app = await openApp(values);
  try {
    const answers = await app.control.call(method, methodArgs, broadcastOptions(values));
    printAnswers(answers, values.json === true);
    if (Object.keys(answers).length > 0 || method === "shutdown") return 0;
    printError("No nodes replied within time constraint.");
    return 1;
  } finally {
    await app.close();
  }
}

function broadcastOptions(values: {
  destination?: string | undefined;
  timeout?: string | undefined;
}): BroadcastOptions {
  const destination = listOf(values.destination);
  const timeout = secondsOption("-t", values.timeout);
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

function need(words: string[], count: number, usage: string): string[] {
  if (words.length < count) throw new UsageError(`that is too little: ${usage}`);
  return words;
}

function unknown(what: string, command: string, table: object): UsageError {
  return new UsageError(`${what} knows no "${command}": ${Object.keys(table).join(", ")}`);
}
