import { randomUUID } from "node:crypto";
import { clock } from "../../core/index.ts";
import { decodeJson } from "../protocol/json.ts";
import type { Runtime } from "../runtime.ts";
import { controlMessage, mailbox, replyBox } from "./wire.ts";

export interface BroadcastOptions {
  /** Node names; others ignore the command. Default: all. */
  readonly destination?: readonly string[];
  /** A pattern for node names, by `matcher` ("glob" or "pcre"). */
  readonly pattern?: string;
  readonly matcher?: "glob" | "pcre";
  /** Seconds to wait for answers. Default 1. */
  readonly timeout?: number;
}

/** Answers by node name. */
export type Replies<T = unknown> = Readonly<Record<string, T>>;

export interface RevokeOptions extends BroadcastOptions {
  /** Stop it even if it runs. */
  readonly terminate?: boolean;
  readonly signal?: string;
}

const DEFAULT_TIMEOUT = 1;

/** Commands to workers, of this package or Python's. Python: `app.control`. */
export class Control {
  readonly inspect: Inspect;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.inspect = new Inspect(this);
    runtime.revoke = (id, options) => this.revoke(id, options);
  }

  /** Sends a command and does not wait. */
  async send(
    method: string,
    args: Readonly<Record<string, unknown>> = {},
    options: BroadcastOptions = {},
  ): Promise<void> {
    await this.#publish(method, args, options, {}, 0);
  }

  /** Sends a command and collects answers: from all that `destination` names, or whoever answers in time. */
  async call<T = unknown>(
    method: string,
    args: Readonly<Record<string, unknown>> = {},
    options: BroadcastOptions = {},
  ): Promise<Replies<T>> {
    const { settings, connections, lamport } = this.#runtime;
    const timeout = options.timeout ?? DEFAULT_TIMEOUT;
    const box = replyBox(settings.controlExchange, randomUUID());
    const ticket = randomUUID();
    const replies: Record<string, T> = {};
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const listener = await (
      await connections.broker()
    ).listen(box, ({ headers, body }) => {
      if (headers["ticket"] !== ticket) return;
      lamport.adjust(headers["clock"]);
      Object.assign(replies, decodeJson(Buffer.from(body).toString("utf8")));
      const wanted = options.destination?.length ?? Infinity;
      if (Object.keys(replies).length >= wanted) resolve();
    });
    const cancel = clock().after(timeout, resolve);
    try {
      const reply_to = { exchange: box.exchange, routing_key: box.routingKey };
      await this.#publish(method, args, options, { ticket, reply_to }, timeout);
      await enough;
    } finally {
      cancel();
      await listener.close();
    }
    return replies;
  }

  ping(options: BroadcastOptions = {}): Promise<Replies<{ ok: string }>> {
    return this.call("ping", {}, options);
  }

  /** Tasks of these ids are not to be run; with `terminate` running ones are stopped. */
  async revoke(id: string | readonly string[], options: RevokeOptions = {}): Promise<void> {
    const { terminate = false, signal = "SIGTERM", ...rest } = options;
    await this.send("revoke", { task_id: id, terminate, signal: terminate ? signal : null }, rest);
  }

  terminate(id: string | readonly string[], options: RevokeOptions = {}): Promise<void> {
    return this.revoke(id, { ...options, terminate: true });
  }

  /** Revokes all tasks that carry one of these stamps (Celery 5.3 and later). */
  async revokeByStamps(
    stamps: Readonly<Record<string, unknown>>,
    options: RevokeOptions = {},
  ): Promise<void> {
    const { terminate = false, signal = "SIGTERM", ...rest } = options;
    await this.send("revoke_by_stamped_headers", { headers: stamps, terminate, signal }, rest);
  }

  rateLimit(task: string, rate: string | number | null, options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("rate_limit", { task_name: task, rate_limit: rate }, options);
  }

  timeLimit(
    task: string,
    limits: { readonly hard?: number; readonly soft?: number },
    options: BroadcastOptions = {},
  ): Promise<Replies> {
    const { hard = null, soft = null } = limits;
    return this.call("time_limit", { task_name: task, hard, soft }, options);
  }

  poolGrow(n = 1, options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("pool_grow", { n }, options);
  }

  poolShrink(n = 1, options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("pool_shrink", { n }, options);
  }

  autoscale(max: number, min: number, options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("autoscale", { max, min }, options);
  }

  addConsumer(queue: string, options: BroadcastOptions = {}): Promise<Replies> {
    const args = { queue, exchange: null, exchange_type: "direct", routing_key: null };
    return this.call("add_consumer", args, options);
  }

  cancelConsumer(queue: string, options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("cancel_consumer", { queue }, options);
  }

  enableEvents(options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("enable_events", {}, options);
  }

  disableEvents(options: BroadcastOptions = {}): Promise<Replies> {
    return this.call("disable_events", {}, options);
  }

  /** Warm shutdown. */
  shutdown(options: BroadcastOptions = {}): Promise<void> {
    return this.send("shutdown", {}, options);
  }

  async #publish(
    method: string,
    args: Readonly<Record<string, unknown>>,
    { destination, pattern, matcher }: BroadcastOptions,
    reply: object,
    timeout: number,
  ): Promise<void> {
    const { settings, connections, lamport } = this.#runtime;
    const { exchange } = mailbox(settings.controlExchange, "");
    const body = {
      method,
      arguments: args,
      destination: destination ?? null,
      pattern: pattern ?? null,
      matcher: matcher ?? null,
      ...reply,
    };
    const expires = timeout === 0 ? 0 : Date.now() / 1000 + timeout;
    const message = controlMessage(body, { clock: lamport.forward(), expires });
    await (await connections.broker()).publish(message, { exchange, exchangeType: "fanout", routingKey: "" });
  }
}

/** Questions to workers; each gives the answers by node name. Python: `app.control.inspect()`. */
export class Inspect {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  ask<T = unknown>(
    method: string,
    args: Readonly<Record<string, unknown>> = {},
    options: BroadcastOptions = {},
  ): Promise<Replies<T>> {
    return this.#control.call<T>(method, args, options);
  }

  ping(options?: BroadcastOptions): Promise<Replies<{ ok: string }>> {
    return this.ask("ping", {}, options);
  }

  active(options?: BroadcastOptions): Promise<Replies<Record<string, unknown>[]>> {
    return this.ask("active", { safe: null }, options);
  }

  reserved(options?: BroadcastOptions): Promise<Replies<Record<string, unknown>[]>> {
    return this.ask("reserved", {}, options);
  }

  scheduled(options?: BroadcastOptions): Promise<Replies<Record<string, unknown>[]>> {
    return this.ask("scheduled", {}, options);
  }

  revoked(options?: BroadcastOptions): Promise<Replies<string[]>> {
    return this.ask("revoked", {}, options);
  }

  registered(options?: BroadcastOptions): Promise<Replies<string[]>> {
    return this.ask("registered", { taskinfoitems: [] }, options);
  }

  stats(options?: BroadcastOptions): Promise<Replies<Record<string, unknown>>> {
    return this.ask("stats", {}, options);
  }

  conf(options?: BroadcastOptions): Promise<Replies<Record<string, unknown>>> {
    return this.ask("conf", { with_defaults: false }, options);
  }

  activeQueues(options?: BroadcastOptions): Promise<Replies<Record<string, unknown>[]>> {
    return this.ask("active_queues", {}, options);
  }

  queryTask(ids: readonly string[], options?: BroadcastOptions): Promise<Replies<Record<string, unknown>>> {
    return this.ask("query_task", { ids }, options);
  }

  report(options?: BroadcastOptions): Promise<Replies<{ ok: string }>> {
    return this.ask("report", {}, options);
  }

  clock(options?: BroadcastOptions): Promise<Replies<{ clock: number }>> {
    return this.ask("clock", {}, options);
  }
}
