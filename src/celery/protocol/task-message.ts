import { DecodeError } from "../../core/index.ts";
import type { Message } from "./message.ts";
import { reprArgs, repr } from "./repr.ts";
import { parseIso } from "./time.ts";

/** A signature as it stands in a message: what to call, with what, and how. */
export interface WireSignature {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: string | null;
  readonly immutable: boolean;
}

/** What follows the task: the third element of a message's body. */
export interface Embed {
  readonly callbacks: readonly WireSignature[] | null;
  readonly errbacks: readonly WireSignature[] | null;
  /** The rest of the chain in reverse: the last element is the next task. */
  readonly chain: readonly WireSignature[] | null;
  /** Body of the chord whose header this task belongs to. */
  readonly chord: WireSignature | null;
}

const NOTHING_EMBEDDED: Embed = { callbacks: null, errbacks: null, chain: null, chord: null };

/** Everything a task's headers say. Times are milliseconds since the epoch. */
export interface TaskHeaders {
  readonly task: string;
  readonly id: string;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly shadow: string | null;
  readonly eta: number | null;
  readonly expires: number | null;
  readonly retries: number;
  /** Seconds, hard before soft, as on the wire. */
  readonly timeLimit: readonly [hard: number | null, soft: number | null];
  readonly origin: string;
  readonly ignoreResult: boolean;
  readonly replacedTaskNesting: number;
  readonly stampedHeaders: readonly string[] | null;
  readonly stamps: Readonly<Record<string, unknown>>;
  /** What the sender added by `headers: {...}`. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface TaskBody {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: Embed;
}

/** The header table of protocol 2. */
export function encodeHeaders(
  headers: TaskHeaders,
  body: TaskBody,
  toIso: (ms: number) => string,
): Record<string, unknown> {
  return {
    ...headers.extra,
    lang: "js",
    task: headers.task,
    id: headers.id,
    shadow: headers.shadow,
    eta: headers.eta === null ? null : toIso(headers.eta),
    expires: headers.expires === null ? null : toIso(headers.expires),
    group: headers.group,
    group_index: headers.groupIndex,
    retries: headers.retries,
    timelimit: headers.timeLimit,
    root_id: headers.rootId,
    parent_id: headers.parentId,
    argsrepr: reprArgs(body.args),
    kwargsrepr: repr(body.kwargs),
    origin: headers.origin,
    ignore_result: headers.ignoreResult,
    replaced_task_nesting: headers.replacedTaskNesting,
    stamped_headers: headers.stampedHeaders,
    stamps: headers.stamps,
  };
}

/** Reads protocol 2 headers. Only `task` and `id` must be there; a header of the wrong type is an error. */
export function decodeHeaders(message: Message): TaskHeaders {
  const h = message.headers;
  const id = requireText(h, "id");
  return {
    task: requireText(h, "task"),
    id,
    rootId: text(h, "root_id") ?? id,
    parentId: text(h, "parent_id"),
    group: text(h, "group"),
    groupIndex: number(h, "group_index"),
    shadow: text(h, "shadow"),
    eta: time(h, "eta"),
    expires: time(h, "expires"),
    retries: number(h, "retries") ?? 0,
    timeLimit: limits(h["timelimit"]),
    origin: text(h, "origin") ?? "",
    ignoreResult: h["ignore_result"] === true,
    replacedTaskNesting: number(h, "replaced_task_nesting") ?? 0,
    stampedHeaders: Array.isArray(h["stamped_headers"]) ? (h["stamped_headers"] as string[]) : null,
    stamps: record(h["stamps"]),
    extra: extra(h),
  };
}

/** Reads the body of protocol 2: `[args, kwargs, embed]`. */
export function decodeBody(body: unknown): TaskBody {
  if (!Array.isArray(body) || body.length !== 3)
    throw new DecodeError("The body of a task message must be an array of three: args, kwargs, embed");
  const [args, kwargs, embed] = body as unknown[];
  if (!Array.isArray(args)) throw new DecodeError("The arguments in a task message must be an array");
  if (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs))
    throw new DecodeError("The keyword arguments in a task message must be an object");
  return { args: args as unknown[], kwargs: kwargs as Record<string, unknown>, embed: decodeEmbed(embed) };
}

/** Protocol 1 keeps everything in the body; only old producers send it. */
export function decodeV1(body: unknown): { headers: TaskHeaders; body: TaskBody } {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new DecodeError("A message without a `task` header must hold a protocol 1 object");
  const fields = body as Record<string, unknown>;
  const headers = decodeHeaders({ headers: fields } as unknown as Message);
  return {
    headers: { ...headers, extra: {} },
    body: decodeBody([
      fields["args"] ?? [],
      fields["kwargs"] ?? {},
      {
        callbacks: fields["callbacks"] ?? null,
        errbacks: fields["errbacks"] ?? null,
        chain: null,
        chord: fields["chord"] ?? null,
      },
    ]),
  };
}

const STANDARD = new Set(
  (
    "lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr " +
    "origin ignore_result replaced_task_nesting stamped_headers stamps compression redelivered x-death " +
    "x-first-death-exchange x-first-death-queue x-first-death-reason x-last-death-exchange x-last-death-queue " +
    "x-last-death-reason x-delivery-count"
  ).split(" "),
);

function extra(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const key in headers) if (!STANDARD.has(key)) found[key] = headers[key];
  return found;
}

function decodeEmbed(embed: unknown): Embed {
  if (embed === null || embed === undefined) return NOTHING_EMBEDDED;
  if (typeof embed !== "object" || Array.isArray(embed))
    throw new DecodeError("The third element of a task message must be an object or null");
  const { callbacks, errbacks, chain, chord } = embed as Record<string, unknown>;
  return {
    callbacks: signatures("callbacks", callbacks),
    errbacks: signatures("errbacks", errbacks),
    chain: signatures("chain", chain),
    chord: chord === null || chord === undefined ? null : decodeSignature(chord),
  };
}

function signatures(name: string, value: unknown): readonly WireSignature[] | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value)) throw new DecodeError(`\`${name}\` in a task message must be an array`);
  return value.map(decodeSignature);
}

/** Reads a signature, filling in what an old or foreign producer left out. */
export function decodeSignature(value: unknown): WireSignature {
  if (typeof value !== "object" || value === null || typeof (value as WireSignature).task !== "string")
    throw new DecodeError("A signature in a task message must be an object with a `task`");
  const given = value as Partial<WireSignature> & { task: string };
  return {
    task: given.task,
    args: Array.isArray(given.args) ? given.args : [],
    kwargs: record(given.kwargs),
    options: record(given.options),
    subtask_type: typeof given.subtask_type === "string" ? given.subtask_type : null,
    immutable: given.immutable === true,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function requireText(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "")
    throw new DecodeError(`A task message needs the header \`${name}\` as a text`);
  return value;
}

function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") throw new DecodeError(`The header \`${name}\` must be a text or null`);
  return value;
}

function number(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new DecodeError(`The header \`${name}\` must be a number or null`);
  return value;
}

function time(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value.getTime() : parseIso(value);
}

function limits(value: unknown): readonly [number | null, number | null] {
  if (value === null || value === undefined) return NO_LIMITS;
  const pair = value as unknown[];
  if (!Array.isArray(value) || value.length !== 2 || !pair.every((v) => v === null || typeof v === "number"))
    throw new DecodeError("The header `timelimit` must be [hard, soft] in seconds, or null");
  return pair as [number | null, number | null];
}

const NO_LIMITS: readonly [null, null] = [null, null];

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
