import { CancelledError, TaskRevokedError, waitable, type WaitOptions } from "../core/index.ts";
import {
  ERROR_STATES,
  FAILED_STATES,
  READY_STATES,
  type ResultBackend,
  type ResultMeta,
  type ResultTuple,
  type TaskState,
} from "./backends/backend.ts";
import { decodeException } from "./protocol/exceptions.ts";
import { encodeJson } from "./protocol/json.ts";
import type { Runtime } from "./runtime.ts";
import { holdProcess } from "./hold.ts";

export interface GetOptions extends WaitOptions {
  /** False: a failed task's error is returned instead of thrown. */
  readonly propagate?: boolean;
}

/** One state that a task went through. */
export interface StateUpdate {
  readonly state: TaskState;
  /** The value, the error, or what a custom state carries. */
  readonly info: unknown;
}

/**
 * A task's result, wherever it runs. Nothing is asked of the backend before a method is called. Python:
 * `celery.result.AsyncResult`; properties that ask the backend there are methods here.
 */
export class AsyncResult<R = unknown> {
  readonly id: string;
  /** The result of what came before in a chain or chord. */
  readonly parent: AsyncResult | undefined;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, id: string, parent?: AsyncResult) {
    this.#runtime = runtime;
    this.id = id;
    this.parent = parent;
  }

  /**
   * Waits for the value, or throws the task's error. `timeout` in seconds gives up waiting (TimeoutError); the task
   * goes on. A task whose result is ignored never becomes ready.
   */
  async get(options: GetOptions = {}): Promise<R> {
    return this.#conclude(await this.#ready(options), options.propagate ?? true) as R;
  }

  /** Waits like `get`, and gives the whole stored state instead of throwing. */
  async wait(options: WaitOptions = {}): Promise<ResultMeta> {
    return this.#ready(options);
  }

  /** The stored state; PENDING when nothing is known of the id. */
  async meta(): Promise<ResultMeta> {
    const backend = await this.#runtime.connections.backend();
    return (await backend.get(this.id)) ?? pending(this.id);
  }

  async state(): Promise<TaskState> {
    return (await this.meta()).status;
  }

  /** The value, the error, or what the present state carries; nothing is thrown. */
  async info(): Promise<unknown> {
    return this.#read(await this.meta());
  }

  async traceback(): Promise<string | null> {
    return (await this.meta()).traceback;
  }

  async ready(): Promise<boolean> {
    return READY_STATES.has(await this.state());
  }

  async successful(): Promise<boolean> {
    return (await this.state()) === "SUCCESS";
  }

  async failed(): Promise<boolean> {
    return (await this.state()) === "FAILURE";
  }

  /** Results of the tasks that the task sent: its links, what it called itself. */
  async children(): Promise<AsyncResult[]> {
    const tuples = (await this.meta()).children ?? [];
    return tuples.flatMap((tuple) => leaves(tuple).map((id) => new AsyncResult(this.#runtime, id)));
  }

  /** Removes the stored result. */
  async forget(): Promise<void> {
    await (await this.#runtime.connections.backend()).forget([this.id]);
  }

  /** Asks all workers not to run the task, or with `terminate` to stop it. */
  async revoke(options: { readonly terminate?: boolean; readonly signal?: string } = {}): Promise<void> {
    await this.#runtime.revoke?.(this.id, options);
  }

  /** The states from now on, each once, ending with the final one. */
  async *updates(options: WaitOptions = {}): AsyncGenerator<StateUpdate, void, void> {
    const backend = await this.#runtime.connections.backend();
    const inbox: ResultMeta[] = [];
    let wake = (): void => {};
    const unwatch = await backend.watch(this.id, (meta) => {
      inbox.push(meta);
      wake();
    });
    try {
      const known = await backend.get(this.id);
      if (known !== null && inbox.length === 0) inbox.push(known);
      let last = "";
      for (;;) {
        const meta = inbox.shift();
        if (meta !== undefined) {
          // What was read and what was announced may be the same state.
          const seen = encodeJson([meta.status, meta.result]);
          if (seen === last) continue;
          last = seen;
          yield { state: meta.status, info: this.#read(meta) };
          if (READY_STATES.has(meta.status)) return;
          continue;
        }
        const next = waitable<void>(options, `Waiting for task ${this.id}`);
        wake = () => void next.resolve();
        const letGo = holdProcess();
        await next.promise.finally(letGo);
      }
    } finally {
      unwatch();
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<StateUpdate, void, void> {
    return this.updates();
  }

  /** The result tuple, as messages and group results carry it. */
  toTuple(): ResultTuple {
    return [[this.id, this.parent?.toTuple() ?? null], null];
  }

  async #ready(options: WaitOptions): Promise<ResultMeta> {
    const backend = await this.#runtime.connections.backend();
    return waitReady(backend, this.id, options);
  }

  #conclude(meta: ResultMeta, propagate: boolean): unknown {
    const value = this.#read(meta);
    if (propagate && FAILED_STATES.has(meta.status)) throw value;
    return value;
  }

  #read(meta: ResultMeta): unknown {
    if (!ERROR_STATES.has(meta.status)) return meta.result;
    if (meta.result === null && meta.status === "REVOKED") return new TaskRevokedError("revoked");
    return decodeException(meta.result, meta.traceback, this.#runtime.errors);
  }
}

/**
 * What `delay` returns: the result at once, and a promise besides. `await` it to know that the broker has the message
 * (or to get the error), or call `get()` on it directly.
 */
export class SentResult<R> extends AsyncResult<R> implements PromiseLike<AsyncResult<R>> {
  readonly #sent: Promise<void>;
  readonly #plain: AsyncResult<R>;

  constructor(runtime: Runtime, id: string, parent: AsyncResult | undefined, sent: Promise<void>) {
    super(runtime, id, parent);
    this.#sent = sent;
    this.#plain = new AsyncResult<R>(runtime, id, parent);
  }

  /** Waits from the start, not only once the broker has confirmed: the result may be there before the confirmation. */
  override async get(options: GetOptions = {}): Promise<R> {
    const unsent = new AbortController();
    this.#sent.catch((error: unknown) => unsent.abort(error));
    const { signal } = options;
    try {
      return await super.get({
        ...options,
        signal: signal === undefined ? unsent.signal : AbortSignal.any([signal, unsent.signal]),
      });
    } catch (error) {
      if (unsent.signal.aborted) throw unsent.signal.reason;
      throw error;
    }
  }

  then<A = AsyncResult<R>, B = never>(
    onFulfilled?: ((value: AsyncResult<R>) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#sent.then(() => this.#plain).then(onFulfilled, onRejected);
  }
}

/** Resolves with the final state of a task. */
async function waitReady(backend: ResultBackend, id: string, options: WaitOptions): Promise<ResultMeta> {
  const wait = waitable<ResultMeta>(options, `Waiting for the result of task ${id}`);
  wait.promise.catch(() => {});
  const offer = (meta: ResultMeta | null): void => {
    if (meta !== null && READY_STATES.has(meta.status)) wait.resolve(meta);
  };
  if (!wait.open) return wait.promise;
  const letGo = holdProcess();
  let unwatch = (): void => {};
  try {
    unwatch = await backend.watch(id, offer);
    if (wait.open) offer(await backend.get(id));
    return await wait.promise;
  } catch (error) {
    wait.reject(new CancelledError("gave up"));
    throw error;
  } finally {
    unwatch();
    letGo();
  }
}

function pending(id: string): ResultMeta {
  return {
    status: "PENDING",
    result: null,
    traceback: null,
    children: null,
    date_done: null,
    task_id: id,
  };
}

/** Ids of the tasks that a result tuple stands for. */
export function leaves(tuple: ResultTuple): string[] {
  return tuple[1] === null ? [tuple[0][0]] : tuple[1].flatMap(leaves);
}
