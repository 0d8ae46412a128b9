import { randomUUID } from "node:crypto";
import { EncodeError, invalid } from "../../core/index.ts";
import type { TaskDefinition } from "../definition.ts";
import type { CompressionName } from "../protocol/compression.ts";
import type { SerializerName } from "../protocol/serializers.ts";
import type { TaskHeaders, WireSignature } from "../protocol/task-message.ts";
import { parseIso } from "../protocol/time.ts";
import { anonymousNode, type TaskCall } from "../publisher.ts";
import { currentTask } from "../request.ts";
import type { Runtime } from "../runtime.ts";
import type { Route } from "../settings.ts";
import type { WireOptions } from "./wire.ts";

/** Makes one message's worth of decisions: ids, times, limits, destination. */
export function taskCall(
  runtime: Runtime,
  signature: WireSignature,
  chain: readonly WireSignature[],
): TaskCall {
  const options = signature.options;
  const definition = runtime.tasks.get(signature.task);
  const destination = runtime.router.route(
    signature.task,
    routeWish(options, definition),
    signature.args,
    signature.kwargs,
  );
  return {
    headers: headersOf(runtime, signature.task, options, definition),
    body: {
      args: signature.args,
      kwargs: signature.kwargs,
      embed: {
        callbacks: signatureList(options["link"]),
        errbacks: signatureList(options["link_error"]),
        chain: chain.length > 0 || options["chain"] !== undefined ? chain : null,
        chord: (options["chord"] as WireSignature | undefined) ?? null,
      },
    },
    destination,
    replyTo: optionalText(options["reply_to"]),
    serializer: (options["serializer"] as SerializerName | undefined) ?? definition?.options.serializer,
    compression: (options["compression"] as CompressionName | undefined) ?? definition?.options.compression,
  };
}

function headersOf(
  runtime: Runtime,
  task: string,
  options: WireOptions,
  definition: TaskDefinition | undefined,
): TaskHeaders {
  const current = currentTask();
  const id = optionalText(options["task_id"]) ?? randomUUID();
  const { stampedHeaders, stamps } = stampsOf(options, current);
  const { settings } = runtime;
  return {
    task,
    id,
    rootId: optionalText(options["root_id"]) ?? current?.rootId ?? id,
    parentId: optionalText(options["parent_id"]) ?? current?.id ?? null,
    group: optionalText(options["group_id"]) ?? null,
    groupIndex: (options["group_index"] as number | undefined) ?? null,
    shadow: optionalText(options["shadow"]) ?? null,
    eta: etaOf(options),
    expires: expiresOf(options["expires"] ?? definition?.options.expires),
    retries: (options["retries"] as number | undefined) ?? 0,
    timeLimit: [
      (options["time_limit"] as number | undefined) ??
        definition?.options.timeLimit ??
        settings.taskTimeLimit,
      (options["soft_time_limit"] as number | undefined) ??
        definition?.options.softTimeLimit ??
        settings.taskSoftTimeLimit,
    ],
    origin: anonymousNode,
    ignoreResult:
      (options["ignore_result"] as boolean | undefined) ??
      definition?.options.ignoreResult ??
      settings.taskIgnoreResult,
    replacedTaskNesting: (options["replaced_task_nesting"] as number | undefined) ?? 0,
    stampedHeaders,
    stamps,
    extra: (options["headers"] as Record<string, unknown> | undefined) ?? NO_HEADERS,
  };
}

const NO_HEADERS: Readonly<Record<string, unknown>> = {};

/** A task sent from inside a stamped task carries the same stamps, besides its own. */
function stampsOf(
  options: WireOptions,
  current: ReturnType<typeof currentTask>,
): { stampedHeaders: readonly string[] | null; stamps: Readonly<Record<string, unknown>> } {
  const own = (options["stamped_headers"] as string[] | undefined) ?? [];
  const inherited = current?.stampedHeaders ?? [];
  if (own.length === 0 && inherited.length === 0) return { stampedHeaders: null, stamps: NO_HEADERS };
  const stamps: Record<string, unknown> = { ...current?.stamps };
  for (const name of own) stamps[name] = options[name];
  return { stampedHeaders: [...new Set([...inherited, ...own])], stamps };
}

function routeWish(options: WireOptions, definition: TaskDefinition | undefined): Route {
  const defaults = definition?.options;
  const wish = {
    queue: options["queue"] ?? defaults?.queue,
    exchange: options["exchange"] ?? defaults?.exchange,
    routingKey: options["routing_key"] ?? defaults?.routingKey,
    priority: options["priority"] ?? defaults?.priority,
  };
  return wish as Route;
}

function etaOf(options: WireOptions): number | null {
  const { eta, countdown } = options;
  if (eta !== undefined && eta !== null) return moment("eta", eta);
  if (countdown === undefined || countdown === null) return null;
  if (typeof countdown !== "number" || !Number.isFinite(countdown))
    throw invalid("countdown", countdown, "a number of seconds");
  return Date.now() + countdown * 1000;
}

function expiresOf(expires: unknown): number | null {
  if (expires === undefined || expires === null) return null;
  return typeof expires === "number" ? Date.now() + expires * 1000 : moment("expires", expires);
}

function moment(name: string, value: unknown): number {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  if (typeof value === "string") return parseIso(value);
  throw invalid(name, value, "a Date or an ISO 8601 text");
}

function signatureList(value: unknown): readonly WireSignature[] | null {
  if (value === undefined || value === null) return null;
  const list = (Array.isArray(value) ? value : [value]) as WireSignature[];
  return list.length === 0 ? null : list;
}

function optionalText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new EncodeError(`An id or queue name must be a text, not ${value}`);
  return value;
}
