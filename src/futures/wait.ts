import {
  Fifo,
  type WaitOptions,
  type Waitable,
  invalid,
  requireOneOf,
  requireSeconds,
  waitable,
} from "../core/index.ts";
import { Future } from "./future.ts";

export const FIRST_COMPLETED = "FIRST_COMPLETED";
export const FIRST_EXCEPTION = "FIRST_EXCEPTION";
export const ALL_COMPLETED = "ALL_COMPLETED";
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

export interface WaitForOptions extends WaitOptions {
  readonly returnWhen?: ReturnWhen;
}

export interface DoneAndPending<R> {
  readonly done: Set<Future<R>>;
  readonly pending: Set<Future<R>>;
}

/**
 * Waits for futures and says which are done. A timeout is not an error: what is not done is in `pending`, as in
 * Python's `concurrent.futures.wait`. To have results one by one, use `asCompleted`.
 */
export async function wait<R>(
  futures: Iterable<Future<R>>,
  options: WaitForOptions = {},
): Promise<DoneAndPending<R>> {
  const all = futureSet(futures);
  const { signal } = options;
  const timeout = requireSeconds("timeout", options.timeout);
  const returnWhen = requireOneOf("returnWhen", options.returnWhen ?? ALL_COMPLETED, RETURN_WHEN);
  const gate = waitable<boolean>({ signal, timeout }, "wait");
  let left = 0;
  const check = (future: Future<R>): void => {
    left--;
    if (left === 0 || ends(future, returnWhen)) gate.resolve(true);
  };
  const open = [...all].filter((future) => !future.done());
  const satisfied = open.length === 0 || [...all].some((f) => f.done() && ends(f, returnWhen));
  if (satisfied) gate.resolve(true);
  else {
    left = open.length;
    for (const future of open) future.addDoneCallback(check);
  }
  await gate.promise.catch((error: unknown) => {
    if (signal?.aborted) throw error;
  });
  for (const future of open) future.removeDoneCallback(check);
  return split(all);
}

/**
 * Yields futures as they finish, those already done first. Throws TimeoutError when `timeout` seconds after the call
 * not all are done. Python: `concurrent.futures.as_completed`.
 */
export function asCompleted<R>(
  futures: Iterable<Future<R>>,
  options: WaitOptions = {},
): AsyncIterableIterator<Future<R>> {
  return new Completions(futureSet(futures), options);
}

/** Written by hand since an async generator would await the futures that it yields. */
class Completions<R> implements AsyncIterableIterator<Future<R>> {
  readonly #all: Set<Future<R>>;
  readonly #ready = new Fifo<Future<R>>();
  readonly #deadline: Waitable<void>;
  #left: number;
  #wake: () => void = () => {};

  constructor(all: Set<Future<R>>, options: WaitOptions) {
    this.#all = all;
    this.#left = all.size;
    this.#deadline = waitable(options, "asCompleted", () => this.#wake());
    this.#deadline.promise.catch(() => {});
    for (const future of all) future.addDoneCallback(this.#arrived);
  }

  async next(): Promise<IteratorResult<Future<R>, undefined>> {
    while (this.#ready.size === 0) {
      if (this.#left === 0) return this.return();
      if (!this.#deadline.open) await this.#deadline.promise;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#left--;
    const value = this.#ready.shift()!;
    if (this.#left === 0) this.#close();
    return { done: false, value };
  }

  async return(): Promise<IteratorResult<Future<R>, undefined>> {
    this.#close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #arrived = (future: Future<R>): void => {
    this.#ready.push(future);
    this.#wake();
  };

  #close(): void {
    this.#left = 0;
    this.#deadline.resolve();
    for (const future of this.#all) future.removeDoneCallback(this.#arrived);
  }
}

const RETURN_WHEN = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED] as const;

function futureSet<R>(futures: Iterable<Future<R>>): Set<Future<R>> {
  const all = new Set(futures);
  for (const future of all) {
    if (!(future instanceof Future)) throw invalid("futures", future, "an iterable of Future");
  }
  return all;
}

function ends<R>(future: Future<R>, returnWhen: ReturnWhen): boolean {
  if (returnWhen === FIRST_COMPLETED) return true;
  return returnWhen === FIRST_EXCEPTION && future.failed() && !future.cancelled();
}

function split<R>(all: Set<Future<R>>): DoneAndPending<R> {
  const done = new Set<Future<R>>();
  const pending = new Set<Future<R>>();
  for (const future of all) (future.done() ? done : pending).add(future);
  return { done, pending };
}
