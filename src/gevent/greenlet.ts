import { Task, createTask, currentTask, sleep, wait as waitTasks } from "../asyncio/index.ts";
import {
  GreenletExit,
  StateError,
  TimeoutError,
  type WaitOptions,
  requireFunction,
  requireSeconds,
} from "../core/index.ts";

export interface KillOptions {
  /** Wait until it has ended (default true). */
  readonly block?: boolean | undefined;
  /** Seconds to wait at most. */
  readonly timeout?: number | undefined;
}

/**
 * A function that runs side by side with others in the event loop. Unlike a task it is not thenable, so that it may
 * be returned, yielded and put into queues; `await greenlet.get()` gives its value. Python: `gevent.Greenlet`.
 *
 *     made --start--> pending --> running --> dead (value | exception | killed)
 */
export class Greenlet<T = unknown> {
  readonly #fn: () => T | PromiseLike<T>;
  readonly #callbacks = new Set<(greenlet: Greenlet<T>) => void>();
  readonly #followers = new Set<(greenlet: Greenlet<T>) => void>();
  #task: Task<T> | undefined = undefined;
  #killed: GreenletExit | undefined = undefined;
  name: string;

  constructor(fn: (...args: any[]) => T | PromiseLike<T>, ...args: unknown[]) {
    requireFunction("fn", fn);
    this.#fn = args.length === 0 ? fn : () => fn(...args);
    this.name = fn.name || `Greenlet-${++anonymous}`;
  }

  /** Makes and starts one. */
  static spawn<A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, ...args: A): Greenlet<R> {
    const greenlet = new Greenlet<R>(fn, ...args);
    greenlet.start();
    return greenlet;
  }

  /** Makes one and starts it after `seconds`. */
  static spawnLater<A extends unknown[], R>(
    seconds: number,
    fn: (...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Greenlet<R> {
    const greenlet = new Greenlet<R>(fn, ...args);
    greenlet.startLater(seconds);
    return greenlet;
  }

  /** Schedules it; it begins when the caller next waits. */
  start(): void {
    this.#begin(this.#fn);
  }

  startLater(seconds: number): void {
    requireSeconds("seconds", seconds);
    this.#begin(async () => {
      await sleep(seconds);
      return this.#fn();
    });
  }

  /** Whether it was started and has not ended. */
  get started(): boolean {
    return this.#task !== undefined && !this.#task.done();
  }

  get dead(): boolean {
    return this.ready();
  }

  /** Whether it has ended, however. */
  ready(): boolean {
    return this.#killed !== undefined ? (this.#task?.done() ?? true) : this.#task?.done() === true;
  }

  /** Whether it has ended with a value; being killed counts as that. */
  successful(): boolean {
    return this.ready() && this.exception === null;
  }

  /** What it returned (GreenletExit if it was killed), else undefined. */
  get value(): T | GreenletExit | undefined {
    const outcome = this.#task?.outcome;
    if (outcome?.ok) return outcome.value;
    return this.ready() && this.exception === null ? this.#exit() : undefined;
  }

  /** The error it failed with, else null. */
  get exception(): unknown {
    const outcome = this.#task?.outcome;
    if (outcome === undefined || outcome.ok || this.#task!.cancelled()) return null;
    return outcome.error instanceof GreenletExit ? null : outcome.error;
  }

  /** Waits for its end, at most `timeout` seconds; running out of time is no error. */
  async join(options: WaitOptions = {}): Promise<void> {
    if (this.ready()) return;
    await waitTasks([this.#requireTask("join")], options);
  }

  /** Waits for its value, or throws its error; TimeoutError after `timeout` seconds. */
  async get(options: WaitOptions = {}): Promise<T> {
    if (!this.ready()) {
      await this.join(options);
      if (!this.ready())
        throw new TimeoutError(`Greenlet "${this.name}" did not end within ${options.timeout} s`);
    }
    if (this.exception !== null) throw this.exception;
    return this.value as T;
  }

  /**
   * Raises `exception` (GreenletExit by default) in it, at the wait it is in or its next one, and waits for its end.
   * One that has not begun never does. Killing a dead greenlet does nothing.
   */
  async kill(exception: Error = new GreenletExit(), options: KillOptions = {}): Promise<void> {
    if (this.ready()) return;
    this.#killed ??=
      exception instanceof GreenletExit ? exception : new GreenletExit("", { cause: exception });
    if (this.#task === undefined) return this.#tell();
    this.#task.cancel(exception);
    if (options.block !== false) await this.join({ timeout: options.timeout });
  }

  /** Calls `fn(this)` in a greenlet of its own once this one has ended. */
  link(fn: (greenlet: Greenlet<T>) => void): void {
    this.rawlink((greenlet) => void Greenlet.spawn(() => fn(greenlet)));
  }

  /** As `link`, only for a value. */
  linkValue(fn: (greenlet: Greenlet<T>) => void): void {
    this.link((greenlet) => greenlet.successful() && fn(greenlet));
  }

  /** As `link`, only for an error. */
  linkException(fn: (greenlet: Greenlet<T>) => void): void {
    this.link((greenlet) => !greenlet.successful() && fn(greenlet));
  }

  /** Calls `fn(this)` straight away once this one has ended. */
  rawlink(fn: (greenlet: Greenlet<T>) => void): void {
    requireFunction("fn", fn);
    if (this.ready()) queueMicrotask(() => fn(this));
    else this.#callbacks.add(fn);
  }

  unlink(fn: (greenlet: Greenlet<T>) => void): void {
    this.#callbacks.delete(fn);
    this.#followers.delete(fn);
  }

  /** For groups and waits: like `rawlink`, but not as someone who takes the error. */
  follow(fn: (greenlet: Greenlet<T>) => void): void {
    if (this.ready()) queueMicrotask(() => fn(this));
    else this.#followers.add(fn);
  }

  toString(): string {
    const state = this.ready() ? "dead" : this.#task === undefined ? "new" : this.#task.state;
    return `<Greenlet "${this.name}" ${state}>`;
  }

  #begin(fn: () => T | PromiseLike<T>): void {
    if (this.#killed !== undefined) return;
    if (this.#task !== undefined) throw new StateError(`Greenlet "${this.name}" was started already`);
    const task = createTask(fn, { name: this.name });
    this.#task = task;
    greenlets.set(task, this);
    liveGreenlets.add(this);
    task.addDoneCallback(() => this.#tell());
  }

  #tell(): void {
    this.#task?.observe();
    liveGreenlets.delete(this);
    if (this.exception !== null && this.#callbacks.size === 0) errors.handle(this, this.exception);
    const callbacks = [...this.#followers, ...this.#callbacks];
    this.#followers.clear();
    this.#callbacks.clear();
    for (const fn of callbacks) fn(this);
  }

  #exit(): GreenletExit {
    return (this.#killed ??= new GreenletExit(`Greenlet "${this.name}" was killed`));
  }

  #requireTask(call: string): Task<T> {
    if (this.#task === undefined)
      throw new StateError(`${call}(): greenlet "${this.name}" was never started; call start()`);
    return this.#task;
  }
}

const greenlets = new WeakMap<Task<any>, Greenlet<any>>();
let anonymous = 0;

/** The greenlet that the caller runs in, or undefined. gevent: `getcurrent`. */
export function getcurrent(): Greenlet<any> | undefined {
  const task = currentTask();
  return task === undefined ? undefined : greenlets.get(task);
}

/** Every greenlet that was started and has not ended; for the hub. */
export const liveGreenlets: Set<Greenlet<any>> = new Set();

/** Takes the error of a greenlet that nobody is linked to. */
export type ErrorHandler = (greenlet: Greenlet<any>, error: unknown) => void;

/** As in gevent, a greenlet's error does not end the program; it is said, and `get` throws it. */
export function reportError(greenlet: Greenlet<any>, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`Greenlet "${greenlet.name}" failed: ${text}`, "SpoolGreenletWarning");
}

/** Where such errors go; the hub exchanges it. */
export const errors: { handle: ErrorHandler } = { handle: reportError };
