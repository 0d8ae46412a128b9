import type { CompressionName } from "../protocol/compression.ts";
import type { SerializerName } from "../protocol/serializers.ts";
import type { WireSignature } from "../protocol/task-message.ts";
import type { WireOptions } from "./wire.ts";

/** Anything that stands for a signature. */
export interface HasWire {
  toWire(): WireSignature;
}

/** How one call is sent. Durations are seconds. Names are Celery's. */
export interface CallOptions {
  /** Keyword arguments, for tasks written in Python. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** The caller's own id. */
  readonly taskId?: string;
  readonly countdown?: number;
  readonly eta?: Date | string;
  /** Seconds from now, or a time; not started by then, the task ends REVOKED. */
  readonly expires?: number | Date | string;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly priority?: number;
  readonly serializer?: SerializerName;
  readonly compression?: CompressionName;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  readonly ignoreResult?: boolean;
  /** Called with the result when the task succeeds. */
  readonly link?: HasWire | readonly HasWire[];
  /** Called with the id of the task when it fails. */
  readonly linkError?: HasWire | readonly HasWire[];
  /** Own headers; the task finds them in `request.headers`. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Shown in logs instead of the task's name. */
  readonly shadow?: string;
  readonly replyTo?: string;
  readonly retries?: number;
  readonly rootId?: string;
  readonly parentId?: string;
}

const NAMES: Record<Exclude<keyof CallOptions, "kwargs">, string> = {
  taskId: "task_id",
  countdown: "countdown",
  eta: "eta",
  expires: "expires",
  queue: "queue",
  exchange: "exchange",
  routingKey: "routing_key",
  priority: "priority",
  serializer: "serializer",
  compression: "compression",
  timeLimit: "time_limit",
  softTimeLimit: "soft_time_limit",
  ignoreResult: "ignore_result",
  link: "link",
  linkError: "link_error",
  headers: "headers",
  shadow: "shadow",
  replyTo: "reply_to",
  retries: "retries",
  rootId: "root_id",
  parentId: "parent_id",
};

/** The options by their wire names; unknown ones are left out. */
export function toWireOptions(options: CallOptions): WireOptions {
  const wire: Record<string, unknown> = {};
  for (const key in options) {
    const value = options[key as keyof CallOptions];
    const name = NAMES[key as keyof typeof NAMES];
    if (value === undefined || name === undefined) continue;
    wire[name] = key === "link" || key === "linkError" ? toWireList(value as CallOptions["link"]) : value;
  }
  return wire;
}

function toWireList(value: CallOptions["link"]): WireSignature[] {
  const list = Array.isArray(value) ? (value as readonly HasWire[]) : [value as HasWire];
  return list.map((one) => one.toWire());
}
