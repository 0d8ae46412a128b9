import { Fifo, clock, type WaitOptions } from "../core/index.ts";
import type { ResultTuple } from "./backends/backend.ts";
import { AsyncResult, leaves, SentResult, type GetOptions } from "./result.ts";
import type { Runtime } from "./runtime.ts";

/** Several results as one. Python: `celery.result.ResultSet`. */
export class ResultSet<T extends unknown[] = unknown[]> {
  readonly results: readonly AsyncResult[];

  constructor(results: readonly AsyncResult[]) {
    this.results = results;
  }

  /** All values in order, or the first error. `timeout` is for all together. */
  async get(options: GetOptions = {}): Promise<T> {
    const until = options.timeout === undefined ? undefined : clock().now() + options.timeout;
    const { signal, letGo } = releasable(options);
    const left = (): GetOptions =>
      until === undefined
        ? { ...options, signal }
        : { ...options, signal, timeout: Math.max(0, until - clock().now()) };
    try {
      return (await Promise.all(this.results.map((result) => result.get(left())))) as T;
    } finally {
      letGo();
    }
  }

  /** Python: `join`. The same as `get`. */
  join(options: GetOptions = {}): Promise<T> {
    return this.get(options);
  }

  /** `[id, value or error]` as each becomes ready. */
  async *iterate(options: WaitOptions = {}): AsyncGenerator<readonly [id: string, value: unknown]> {
    const { signal, letGo } = releasable(options);
    const ready = new Fifo<{ readonly id: string; readonly value: Promise<unknown> }>();
    let wake = (): void => {};
    for (const result of this.results) {
      const value = result.get({ ...options, signal, propagate: false });
      const arrived = (): void => {
        ready.push({ id: result.id, value });
        wake();
      };
      value.then(arrived, arrived);
    }
    try {
      for (let left = this.results.length; left > 0; left--) {
        while (ready.size === 0) await new Promise<void>((resolve) => (wake = resolve));
        const { id, value } = ready.shift()!;
        yield [id, await value];
      }
    } finally {
      letGo();
    }
  }

  async completedCount(): Promise<number> {
    const states = await Promise.all(this.results.map((result) => result.successful()));
    return states.filter(Boolean).length;
  }

  async ready(): Promise<boolean> {
    return (await Promise.all(this.results.map((result) => result.ready()))).every(Boolean);
  }

  async successful(): Promise<boolean> {
    return (await Promise.all(this.results.map((result) => result.successful()))).every(Boolean);
  }

  async failed(): Promise<boolean> {
    return (await Promise.all(this.results.map((result) => result.failed()))).some(Boolean);
  }

  async forget(): Promise<void> {
    await Promise.all(this.results.map((result) => result.forget()));
  }

  async revoke(options: { readonly terminate?: boolean; readonly signal?: string } = {}): Promise<void> {
    await Promise.all(this.results.map((result) => result.revoke(options)));
  }
}

/** A signal for several waits: they end with the caller's own, or when nobody waits for the rest of them any more. */
function releasable({ signal }: WaitOptions): { readonly signal: AbortSignal; readonly letGo: () => void } {
  const rest = new AbortController();
  return {
    signal: signal === undefined ? rest.signal : AbortSignal.any([signal, rest.signal]),
    letGo: () => rest.abort(),
  };
}

/** The results of a group. Python: `celery.result.GroupResult`. */
export class GroupResult<T extends unknown[] = unknown[]> extends ResultSet<T> {
  readonly id: string;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, id: string, results: readonly AsyncResult[]) {
    super(results);
    this.id = id;
    this.#runtime = runtime;
  }

  /** Stores the group so that another program can `app.restoreGroup(id)`. */
  async save(): Promise<this> {
    await (await this.#runtime.connections.backend()).saveGroup(this.id, this.toTuple());
    return this;
  }

  async delete(): Promise<void> {
    await (await this.#runtime.connections.backend()).deleteGroup(this.id);
  }

  toTuple(): ResultTuple {
    return [[this.id, null], this.results.map((result) => result.toTuple())];
  }
}

/** What sending a group returns at once; `await` it to know that the broker has every message. */
export class SentGroupResult<T extends unknown[]>
  extends GroupResult<T>
  implements PromiseLike<GroupResult<T>>
{
  readonly #sent: Promise<void>;
  readonly #plain: GroupResult<T>;

  constructor(runtime: Runtime, id: string, results: readonly AsyncResult[], sent: Promise<void>) {
    super(runtime, id, results);
    this.#sent = sent;
    this.#plain = new GroupResult<T>(runtime, id, results);
  }

  override async get(options: GetOptions = {}): Promise<T> {
    await this.#sent;
    return super.get(options);
  }

  then<A = GroupResult<T>, B = never>(
    onFulfilled?: ((value: GroupResult<T>) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#sent.then(() => this.#plain).then(onFulfilled, onRejected);
  }
}

/** The result object of a task's tuple, with its parents. */
function resultOf(runtime: Runtime, tuple: ResultTuple): AsyncResult {
  const [[id, parent]] = tuple;
  const before = parent === null || parent[1] !== null ? undefined : resultOf(runtime, parent);
  return new AsyncResult(runtime, id, before);
}

/** The result object of a group's tuple; each member that is a group itself is spread out. */
export function groupResultOf<T extends unknown[]>(runtime: Runtime, tuple: ResultTuple): GroupResult<T> {
  return new GroupResult<T>(runtime, tuple[0][0], memberResults(runtime, tuple));
}

export function sentResult<R>(runtime: Runtime, tuple: ResultTuple, sent: Promise<void>): SentResult<R> {
  return new SentResult<R>(runtime, tuple[0][0], resultOf(runtime, tuple).parent, sent);
}

export function sentGroupResult<T extends unknown[]>(
  runtime: Runtime,
  tuple: ResultTuple,
  sent: Promise<void>,
): SentGroupResult<T> {
  return new SentGroupResult<T>(runtime, tuple[0][0], memberResults(runtime, tuple), sent);
}

function memberResults(runtime: Runtime, tuple: ResultTuple): AsyncResult[] {
  return (tuple[1] ?? []).flatMap((member) =>
    member[1] === null
      ? [resultOf(runtime, member)]
      : leaves(member).map((id) => new AsyncResult(runtime, id)),
  );
}
