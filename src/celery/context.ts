import {
  ArgumentError,
  MaxRetriesExceededError,
  Replace as ReplaceSignal,
  Retry,
  type CancelledError,
} from "../core/index.ts";
import type { ResultTuple } from "./backends/backend.ts";
import { toWireOptions, type CallOptions, type HasWire } from "./canvas/options.ts";
import type { TaskDefinition } from "./definition.ts";
import type { TaskHeaders } from "./protocol/task-message.ts";
import type { CurrentTask } from "./request.ts";

/** Where the message came from, as Python's `request.delivery_info`. */
export interface DeliveryInfo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly priority: number;
  readonly redelivered: boolean;
}

/** All that a task's run needs, as plain data, so that it can go to a thread or process. */
export interface Invocation {
  readonly headers: TaskHeaders;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly replyTo: string;
  readonly hostname: string;
  readonly deliveryInfo: DeliveryInfo;
}

export interface RetryCall extends CallOptions {
  readonly args?: readonly unknown[];
  /** The error that made the retry necessary; thrown when there are no tries left. */
  readonly error?: unknown;
  readonly maxRetries?: number | null;
}

/** How a run reaches the outside. */
export interface ContextPorts {
  readonly storeState: (state: string, meta: unknown) => Promise<void>;
  readonly isEager: boolean;
}

/**
 * What a task knows of its own run: given as the first argument to a task made with `bind: true`, and by
 * `currentRequest()` anywhere inside. Python: `self` and `self.request` of a bound task.
 */
export class TaskRequest implements CurrentTask {
  readonly task: TaskDefinition;
  readonly hostname: string;
  readonly deliveryInfo: DeliveryInfo;
  readonly replyTo: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly isEager: boolean;
  /** Results of what this task sent; stored beside its own. */
  readonly children: ResultTuple[] = [];
  readonly #headers: TaskHeaders;
  readonly #storeState: ContextPorts["storeState"];
  #abort: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(task: TaskDefinition, invocation: Invocation, ports: ContextPorts) {
    this.task = task;
    this.#headers = invocation.headers;
    this.#storeState = ports.storeState;
    this.isEager = ports.isEager;
    this.hostname = invocation.hostname;
    this.deliveryInfo = invocation.deliveryInfo;
    this.replyTo = invocation.replyTo;
    this.args = invocation.args;
    this.kwargs = invocation.kwargs;
  }

  get id(): string {
    return this.#headers.id;
  }

  get rootId(): string {
    return this.#headers.rootId;
  }

  get parentId(): string | null {
    return this.#headers.parentId;
  }

  get group(): string | null {
    return this.#headers.group;
  }

  get groupIndex(): number | null {
    return this.#headers.groupIndex;
  }

  /** How often it was tried before. */
  get retries(): number {
    return this.#headers.retries;
  }

  get eta(): Date | null {
    return this.#headers.eta === null ? null : new Date(this.#headers.eta);
  }

  get expires(): Date | null {
    return this.#headers.expires === null ? null : new Date(this.#headers.expires);
  }

  get timeLimit(): readonly [hard: number | null, soft: number | null] {
    return this.#headers.timeLimit;
  }

  get correlationId(): string {
    return this.#headers.id;
  }

  /** The sender's own headers. */
  get headers(): Readonly<Record<string, unknown>> {
    return this.#headers.extra;
  }

  get stamps(): Readonly<Record<string, unknown>> {
    return this.#headers.stamps;
  }

  get stampedHeaders(): readonly string[] | null {
    return this.#headers.stampedHeaders;
  }

  get origin(): string {
    return this.#headers.origin;
  }

  get ignoreResult(): boolean {
    return this.#headers.ignoreResult;
  }

  /** Fires when the task is revoked with `terminate`, or its soft time limit passes; the reason is the error. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#aborted !== undefined) this.#abort.abort(this.#aborted.reason);
    }
    return this.#abort.signal;
  }

  /** Stores a state of your own (`"PROGRESS"`) with something to go with it, for whoever waits. */
  updateState(state: string, meta: unknown = null): Promise<void> {
    return this.#storeState(state, meta);
  }

  /**
   * Ends this run and has the task sent again, by default after `defaultRetryDelay`. Never returns. When no tries are
   * left it throws `error`, or MaxRetriesExceededError when there is none.
   */
  retry(call: RetryCall = {}): never {
    const { args, error, maxRetries, kwargs, ...options } = call;
    const most = maxRetries === undefined ? (this.task.options.maxRetries ?? DEFAULT_RETRIES) : maxRetries;
    const unlimited =
      maxRetries === null || (maxRetries === undefined && this.task.options.maxRetries === null);
    if (!unlimited && this.retries >= most!) throw error ?? this.#noMoreRetries(most!);
    throw new Retry(`Retry in ${Math.round((this.#when(call) - Date.now()) / 1000)}s`, {
      when: this.#when(call),
      cause: error,
      changes: { ...toWireOptions(options), args, kwargs },
    });
  }

  /** Ends this run; `signature` runs in its place, under this task's id. Never returns. Python: `Task.replace`. */
  replace(signature: HasWire): never {
    throw new ReplaceSignal("The task was replaced", { signature: signature.toWire() });
  }

  /** For the worker: fires `signal`. Says whether the task listens. */
  abort(reason: CancelledError | Error): boolean {
    this.#aborted ??= { reason };
    this.#abort?.abort(reason);
    return this.#abort !== undefined;
  }

  #when(call: RetryCall): number {
    if (call.eta instanceof Date) return call.eta.getTime();
    if (typeof call.eta === "string") throw new ArgumentError("`eta` of a retry must be a Date");
    return Date.now() + (call.countdown ?? this.task.options.defaultRetryDelay ?? DEFAULT_DELAY) * 1000;
  }

  #noMoreRetries(most: number): MaxRetriesExceededError {
    return new MaxRetriesExceededError(
      `Can't retry ${this.task.name}[${this.id}]: it was tried ${most + 1} times, and \`maxRetries\` is ${most}`,
    );
  }
}

/** Celery's own defaults. */
const DEFAULT_RETRIES = 3;
const DEFAULT_DELAY = 180;
