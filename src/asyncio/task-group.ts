import {
  CancelledError,
  ExceptionGroup,
  StateError,
  type WaitOptions,
  onAbort,
  requireFunction,
  requireSignal,
  abortReason,
} from "../core/index.ts";
import { isCancellation } from "./cancellation.ts";
import { watchStall } from "./report.ts";
import { type Holder, Scope, currentScope, uninterruptible } from "./scope.ts";
import { type Site, SiteSampler, captureSite, siteText } from "./site.ts";
import { Task, type TaskOptions, type TaskOwner } from "./task.ts";
import { Waiter, WaiterQueue } from "./waiter.ts";

export interface GroupOptions {
  /** Shown by `ps()` and in errors. */
  readonly name?: string | undefined;
  /** Cancels the group from outside; the group then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Children that belong together: none outlives the group. The first child (or body) that fails cancels all the
 * others, and only when every one of them has ended does the group throw, an ExceptionGroup of all real errors.
 *
 *     open --body left or join--> closing (children may still spawn) --last child ended--> closed
 *
 * Prefer `group(fn)`, whose body is cancelled with the children. `await using g = new TaskGroup()` is the second
 * form: leaving the block cannot see whether it threw, so it cancels what still runs; call `join()` first to keep it.
 * Python: `asyncio.TaskGroup`.
 */
export class TaskGroup implements TaskOwner, Holder, AsyncDisposable {
  readonly kind: string = "group";
  readonly name: string;
  readonly #scope: Scope;
  readonly #site: Site;
  readonly #sites: SiteSampler = new SiteSampler();
  readonly #unlinkSignal: () => void;
  #live = 0;
  #errors: unknown[] = [];
  #interrupted = false;
  #closed = false;
  #idle: WaiterQueue | undefined = undefined;
  #stopStallWatch: (() => void) | undefined = undefined;

  constructor(options: GroupOptions = {}) {
    const signal = requireSignal("signal", options.signal);
    this.name = options.name ?? "group";
    this.#site = captureSite(new.target);
    this.#scope = new Scope(currentScope());
    this.#scope.holder = this;
    this.#unlinkSignal = onAbort(signal, () => this.#scope.inherit(abortReason(signal!)));
  }

  /** `group(fn, options)` as a static method. */
  static async run<T>(fn: (group: TaskGroup) => T | PromiseLike<T>, options?: GroupOptions): Promise<T> {
    requireFunction("fn", fn);
    return new TaskGroup(options).runBody(fn);
  }

  /** Fires when the group is cancelled, by a failure, by `cancel` or from above. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get cancelled(): boolean {
    return this.#scope.cancelled;
  }

  /** How many children have not ended. */
  get size(): number {
    return this.#live;
  }

  /** Starts `fn(...args)` as a child. In a cancelled group it never runs, and its task is a cancelled one. */
  spawn<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>, ...args: A): Task<T> {
    requireFunction("fn", fn);
    const call = args.length === 0 ? (fn as () => T | PromiseLike<T>) : () => fn(...args);
    return this.#add(call, fn.name || undefined, this.#sites.next(this.spawn));
  }

  /** The same with a name; Python's `TaskGroup.create_task`. */
  createTask<T>(fn: () => T | PromiseLike<T>, options: TaskOptions = {}): Task<T> {
    return this.#add(fn, options.name, this.#sites.next(this.createTask));
  }

  /**
   * Spawns `fn` and waits until it calls `started(value)`, which is then the result; a failure before that is thrown
   * here as well as in the group. For children that need to get ready first, such as servers. trio: `nursery.start`.
   */
  async start<S, T>(fn: (started: (value: S) => void) => T | PromiseLike<T>): Promise<S> {
    requireFunction("fn", fn);
    const task = this.#add(
      () => fn((value) => void ready.grant(value)),
      fn.name || undefined,
      this.#sites.next(this.start),
    );
    const ready = new Waiter<S>(`Starting "${task.name}"`);
    task.addDoneCallback((done) => {
      const error: unknown = done.outcome!.ok
        ? new StateError(`Task "${done.name}" ended without having called started()`)
        : done.outcome!.error;
      ready.interrupt(error);
    });
    return ready.promise;
  }

  /** Cancels the children and, in `group(fn)`, the body. The group itself absorbs this and ends without an error. */
  cancel(reason?: unknown): void {
    this.#scope.cancel(reason ?? new CancelledError(`Group "${this.name}" was cancelled`));
  }

  /** Waits until every child has ended and throws what the group would throw. Spawning goes on to work afterwards. */
  async join(options?: WaitOptions): Promise<void> {
    if (this.#live > 0) await this.#idleWait(new Waiter("TaskGroup.join", options));
    this.#throwOutcome();
  }

  /**
   * Cancels what still runs, waits for it, and throws the errors of children that failed. A cancellation from above is
   * not thrown: the block's next wait meets it anyway, and the block's own error must not be covered by it.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    if (this.#live > 0) this.cancel();
    await this.#close();
    this.#throwErrors();
  }

  describe(): string {
    return `${this.#live} live, opened at ${siteText(this.#site)}`;
  }

  /** For its scope. */
  onCancelled(): void {
    this.#stopStallWatch = watchStall(this.#scope, `Group "${this.name}"`);
  }

  /** For `group` and `supervisor`. */
  async runBody<T>(fn: (group: this) => T | PromiseLike<T>): Promise<T> {
    let value: T | undefined;
    try {
      value = await this.#scope.run(fn, this);
    } catch (error) {
      if (isCancellation(this.#scope, error)) this.#interrupted = true;
      // A body that awaited a failing child throws the child's error once more.
      else if (!this.#errors.includes(error)) this.failed(error);
    }
    await this.#close();
    this.#throwOutcome();
    // Interrupted by its own cancel(), the body has no value: the same as a block that was left early.
    return value as T;
  }

  /** For tasks. */
  taskEnded(task: Task<any>): void {
    this.#live--;
    if (task.state === "failed") this.childFailed(task, (task.outcome as { error: unknown }).error);
    else if (task.cancelledFromAbove) this.#interrupted = true;
    if (this.#live === 0) this.#idle?.grantAll(undefined);
  }

  /** What becomes of a child's error; a supervisor decides otherwise. */
  protected childFailed(task: Task<any>, error: unknown): void {
    this.failed(error, `task "${task.name}"`);
  }

  protected failed(error: unknown, who: string = "its body"): void {
    this.keepError(error);
    if (this.#scope.cancelled) return;
    this.#scope.cancel(
      new CancelledError(`Group "${this.name}" was cancelled because ${who} failed`, { cause: error }),
    );
  }

  protected keepError(error: unknown): void {
    this.#errors.push(error);
  }

  #add<T>(fn: () => T | PromiseLike<T>, name: string | undefined, site: Site): Task<T> {
    if (this.#closed) {
      throw new StateError(`Group "${this.name}" has ended; nothing can be spawned into it any more`);
    }
    const task = new Task(fn, this.#scope, this, site, name);
    this.#live++;
    return task;
  }

  #idleWait(waiter: Waiter): Promise<void> {
    return waiter.in((this.#idle ??= new WaiterQueue()));
  }

  /** Not a wait of the scope: a cancelled group waits for its children all the same. */
  async #close(): Promise<void> {
    while (this.#live > 0) await this.#idleWait(new Waiter("the children", undefined, uninterruptible));
    this.#stopStallWatch?.();
    this.#closed = true;
    this.#unlinkSignal();
    this.#scope.unlink();
  }

  /** Real errors first; else the cancellation from above that reached the body or a child. */
  #throwOutcome(): void {
    this.#throwErrors();
    if (this.#interrupted && !this.#scope.own) throw this.#scope.reason;
  }

  #throwErrors(): void {
    const errors = this.#errors;
    this.#errors = [];
    const n = errors.length;
    if (n > 0) throw new ExceptionGroup(`Group "${this.name}": ${n} ${n === 1 ? "error" : "errors"}`, errors);
  }
}
