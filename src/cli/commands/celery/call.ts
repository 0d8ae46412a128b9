import { UsageError } from "../../../core/index.ts";
import { parseCommand, secondsOption } from "../../args.ts";
import { APP_OPTIONS, openApp } from "./app.ts";
import { printError, printValue } from "./print.ts";

const CALL = {
  ...APP_OPTIONS,
  args: { type: "string", short: "a" },
  kwargs: { type: "string", short: "k" },
  countdown: { type: "string" },
  eta: { type: "string" },
  expires: { type: "string" },
  queue: { type: "string", short: "Q" },
  exchange: { type: "string" },
  "routing-key": { type: "string" },
  serializer: { type: "string" },
  wait: { type: "boolean" },
  timeout: { type: "string", short: "t" },
} as const;

/** `spool celery call TASK`: prints the id, or with --wait the value. */
export async function call(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, CALL);
  const [task] = positionals;
  if (task === undefined) throw new UsageError("say which task: call proj.add -a '[1, 2]'");
  const countdown = secondsOption("--countdown", values.countdown);
  const expires = secondsOption("--expires", values.expires);
  const timeout = secondsOption("-t", values.timeout);
  const app = await openApp(values);
  try {
    const options = {
      kwargs: json("-k", values.kwargs ?? "{}") as Record<string, unknown>,
      ...(countdown === undefined ? {} : { countdown }),
      ...(expires === undefined ? {} : { expires }),
      ...(values.eta === undefined ? {} : { eta: values.eta }),
      ...(values.queue === undefined ? {} : { queue: values.queue }),
      ...(values.exchange === undefined ? {} : { exchange: values.exchange }),
      ...(values["routing-key"] === undefined ? {} : { routingKey: values["routing-key"] }),
      ...(values.serializer === undefined ? {} : { serializer: values.serializer as "json" }),
    };
    const sent = await app.sendTask(task, json("-a", values.args ?? "[]") as unknown[], options);
    const value = values.wait === true ? await sent.get({ timeout }) : sent.id;
    printValue(value, values.json === true);
    return 0;
  } catch (error) {
    if (values.wait !== true) throw error;
    printError(`${(error as Error).name}: ${(error as Error).message}`);
    return 1;
  } finally {
    await app.close();
  }
}

/** `spool celery result ID`. */
export async function result(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, { ...APP_OPTIONS, traceback: { type: "boolean" } });
  const [id] = positionals;
  if (id === undefined) throw new UsageError("say which task: result ID");
  const app = await openApp(values);
  try {
    const meta = await app.AsyncResult(id).meta();
    printValue(
      values.traceback === true ? (meta.traceback ?? "") : { state: meta.status, result: meta.result },
      values.json === true,
    );
    return meta.status === "FAILURE" ? 1 : 0;
  } finally {
    await app.close();
  }
}

function json(flag: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`${flag} takes JSON, got ${text}`);
  }
}
