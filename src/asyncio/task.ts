import {
  CancelledError,
  InvalidStateError,
  type Outcome,
  type WaitOptions,
  failed,
  requireFunction,
  succeeded,
  unwrap,
} from "../core/index.ts";
import { isCancellation } from "./cancellation.ts";
import { debug } from "./debug.ts";
import { treeText } from "./ps.ts";
import { type Holder, Scope, currentScope } from "./scope.ts";
import { type Site, siteText } from "./site.ts";
import { Waiter, WaiterQueue } from "./waiter.ts";

/**
 * pending --begin--> running --> finished | failed | cancelled
 *    \--cancel before it began------------------------^
 */
export type TaskState = "pending" | "running" | "finished" | "failed" | "cancelled";

export interface TaskOptions {
  /** Shown by `ps()` and in errors; default: the function's name. */
  readonly name?: string | undefined;
}

/** An error of a task, and whether anyone has looked at it. */
export interface FailureRecord {
  seen: boolean;
  readonly error: unknown;
  readonly name: string;
  readonly spawnedAt: string;
}

/** What a task tells its owner (a group or the runner) when it ends. */
export interface TaskOwner {
  taskEnded(task: Task<any>): void;
}

/**
 * An async function that runs side by side with its caller, inside a cancel scope of its own. `await task` gives the
 * result or throws the error; it is a wait like every other, so that cancelling the waiter ends the wait and leaves
 * the task alone. A task is thenable: never return one from an async function (the promise would await it); return
 * it inside an array or object. Python: `asyncio.Task`.
 */
export class Task<T> implements PromiseLike<T>, Holder {
  readonly name: string;
  readonly #scope: Scope;
  readonly #owner: TaskOwner;
  readonly #site: Site | undefined;
  #state: TaskState = "pending";
  #outcome: Outcome<T> | undefined = undefined;
  #waiters: WaiterQueue | undefined = undefined;
  #callbacks: ((task: Task<T>) => void)[] | undefined = undefined;
  #cancelRequests = 0;
  #observed = false;
  /** Kept by the owner too, so that an error which nobody looked at outlives the task. */
  failure: FailureRecord | undefined = undefined;
  #translated = false;

  /** For owners; user code calls `createTask` or a group's `spawn`. */
  constructor(
    fn: () => T | PromiseLike<T>,
    parent: Scope,
    owner: TaskOwner,
    site: Site | undefined,
    name: string | undefined,
  ) {
    requireFunction("fn", fn);
    this.name = name ?? (fn.name || `task-${++anonymous}`);
    this.#owner = owner;
    this.#site = site;
    this.#scope = new Scope(parent);
    this.#scope.holder = this;
    void this.#launch(fn);
  }

  get kind(): "task" {
    return "task";
  }

  get state(): TaskState {
    return this.#state;
  }

  /** Fires when the task is cancelled; made on first use. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** Whether anyone awaited the task or read its outcome. */
  get observed(): boolean {
    return this.#observed;
  }

  /** `file:line:column` of the call that spawned it. */
  get spawnedAt(): string {
    return siteText(this.#site);
  }

  /** The call stack of the spawn. A suspended JavaScript function has no stack of its own to read. */
  get stack(): string {
    return this.#site?.stack?.replace(/^.*/, `Task "${this.name}" (${this.#state})`) ?? "";
  }

  /** What runs inside the task right now and what it waits for, as indented text: its part of `pstree()`. */
  get tree(): string {
    return treeText(this.#scope);
  }

  /**
   * Asks the task to stop: every wait inside it ends now with `reason`, and every later one at once. Idempotent; the
   * first reason wins. Returns false when the task is done already.
   */
  cancel(reason?: unknown): boolean {
    if (this.done()) return false;
    this.#cancelRequests++;
    this.#scope.cancel(reason ?? new CancelledError(`Task "${this.name}" was cancelled`));
    return true;
  }

  /** How many calls of `cancel` have not been taken back. Python: `Task.cancelling`. */
  cancelling(): number {
    return this.#cancelRequests;
  }

  /** Takes one `cancel` back; at zero, waits work again. Python: `Task.uncancel`. */
  uncancel(): number {
    if (this.#cancelRequests > 0 && --this.#cancelRequests === 0 && this.#scope.own) this.#scope.renew();
    return this.#cancelRequests;
  }

  done(): boolean {
    return this.#outcome !== undefined;
  }

  cancelled(): boolean {
    return this.#state === "cancelled";
  }

  /** The value, or throws what the task ended with; InvalidStateError while it runs. Python: `Task.result`. */
  result(): T {
    return unwrap(this.#requireOutcome("result"));
  }

  /** The error the task failed with, or null; CancelledError is thrown, not returned. Python: `Task.exception`. */
  exception(): unknown {
    const outcome = this.#requireOutcome("exception");
    if (this.#state === "cancelled") unwrap(outcome);
    return outcome.ok ? null : outcome.error;
  }

  /** Waits for the end, at most `timeout` seconds; the task goes on when the wait gives up. */
  join(options?: WaitOptions): Promise<T> {
    this.observe();
    const waiter = new Waiter<Outcome<T>>(`Waiting for task "${this.name}"`, options);
    if (this.#outcome !== undefined) waiter.grant(this.#seen());
    else if (waiter.open) (this.#waiters ??= new WaiterQueue()).push(waiter);
    return waiter.promise.then(unwrap);
  }

  /** Calls `fn(task)` in a microtask once the task is done. */
  addDoneCallback(fn: (task: Task<T>) => void): void {
    requireFunction("fn", fn);
    if (this.done()) queueMicrotask(() => fn(this));
    else (this.#callbacks ??= []).push(fn);
  }

  removeDoneCallback(fn: (task: Task<T>) => void): number {
    const before = this.#callbacks?.length ?? 0;
    this.#callbacks = this.#callbacks?.filter((other) => other !== fn);
    return before - (this.#callbacks?.length ?? 0);
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((error: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.join().then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((error: any) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.join().catch(onRejected);
  }

  finally(fn?: (() => void) | null): Promise<T> {
    return this.join().finally(fn);
  }

  get [Symbol.toStringTag](): string {
    return "Task";
  }

  describe(): string {
    return `${this.#state}, spawned at ${this.spawnedAt}`;
  }

  /** For owners: whether the end was the cancellation of something above, which the owner passes on. */
  get cancelledFromAbove(): boolean {
    return this.#state === "cancelled" && !this.#scope.own;
  }

  /** For owners: the outcome, without counting as an observer. */
  get outcome(): Outcome<T> | undefined {
    return this.#outcome;
  }

  /** For the scheduler and tests of the tree. */
  get scope(): Scope {
    return this.#scope;
  }

  /** For owners that hand the outcome on themselves. */
  observe(): void {
    this.#observed = true;
    if (this.failure !== undefined) this.failure.seen = true;
  }

  /**
   * Begins in the next microtask, so that the caller holds the task (and may cancel it) before its first line runs.
   * What it then waits for is followed instead of awaited: a suspended function takes more memory than two bound ones.
   */
  async #launch(fn: () => T | PromiseLike<T>): Promise<void> {
    await undefined;
    if (this.#scope.cancelled) return this.#end("cancelled", failed(this.#scope.reason));
    this.#state = "running";
    this.#scope.enter();
    let running: T | PromiseLike<T>;
    try {
      running = fn();
    } catch (error) {
      return this.#fail(error);
    }
    Promise.resolve(running).then(this.#succeed.bind(this), this.#fail.bind(this));
  }

  #succeed(value: T): void {
    this.#end("finished", succeeded(value));
  }

  #fail(error: unknown): void {
    this.#end(isCancellation(this.#scope, error) ? "cancelled" : "failed", failed(error));
  }

  #end(state: TaskState, outcome: Outcome<T>): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#scope.unlink();
    // Waiters first: they get what the task ended with even if that makes its owner cancel them.
    if (this.#waiters !== undefined) {
      this.#waiters.grantAll(this.#seen());
      this.#waiters = undefined;
    }
    this.#owner.taskEnded(this);
    debug.hooks?.taskEnded(this);
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks !== undefined) for (const fn of callbacks) queueMicrotask(() => fn(this));
  }

  /**
   * The outcome as others see it: whoever awaits a cancelled task fails with an error of its own, made on demand, so
   * that the waiter's scopes do not take the task's reason for theirs. The reason is the cause.
   */
  #seen(): Outcome<T> {
    if (this.#state === "cancelled" && !this.#translated) {
      this.#translated = true;
      const cause = (this.#outcome as { error: unknown }).error;
      this.#outcome = failed(new CancelledError(`Task "${this.name}" was cancelled`, { cause }));
    }
    return this.#outcome!;
  }

  #requireOutcome(call: string): Outcome<T> {
    this.observe();
    if (this.#outcome === undefined) {
      throw new InvalidStateError(
        `${call}(): task "${this.name}" is still ${this.#state}; await it, or ask done() first`,
      );
    }
    return this.#seen();
  }
}

/** The innermost task that the calling code belongs to, or undefined outside every task. */
export function currentTask(): Task<unknown> | undefined {
  for (let scope: Scope | undefined = currentScope(); scope !== undefined; scope = scope.parent) {
    if (scope.holder instanceof Task) return scope.holder as Task<unknown>;
  }
  return undefined;
}

let anonymous = 0;
