import { ArgumentError, requireFunction } from "../core/index.ts";
import { Beat, type BeatOptions } from "./beat/beat.ts";
import { ClusterExecutor } from "./cluster-executor.ts";
import { startTestWorker, type TestWorker } from "./testing.ts";
import { Control } from "./control/control.ts";
import { Events } from "./events/receiver.ts";
import { announce } from "./registry.ts";
import { builtinTasks } from "./builtin-tasks.ts";
import type { CallOptions } from "./canvas/options.ts";
import { Signature } from "./canvas/signature.ts";
import { toWireOptions } from "./canvas/options.ts";
import { wireSignature } from "./canvas/wire.ts";
import type { TaskRequest } from "./context.ts";
import type { TaskOptions } from "./definition.ts";
import { groupResultOf, type GroupResult } from "./group-result.ts";
import type { ErrorFactory } from "./protocol/exceptions.ts";
import { AsyncResult, type SentResult } from "./result.ts";
import { Runtime } from "./runtime.ts";
import { completeSettings, type Settings } from "./settings.ts";
import { makeTask, type Task } from "./task.ts";
import type { WorkerOptions } from "./worker/options.ts";
import { Worker } from "./worker/worker.ts";

/**
 * An app: where tasks are defined and sent from. The broker's URL says where they go: `memory://` (this program),
 * `sqlite://FILE` (programs on this machine), `redis://` and `amqp://` (any machine, and Python's Celery).
 *
 *     const app = new Celery("proj", { broker: "redis://127.0.0.1/0" });
 *     const add = app.task("proj.add", (x: number, y: number) => x + y);
 *     await add.delay(1, 2).get(); // 3, once a worker runs somewhere
 */
export class Celery implements AsyncDisposable {
  readonly name: string;
  /** Commands to workers; `app.control.inspect` asks them. */
  readonly control: Control;
  /** What happens in workers, as it happens. */
  readonly events: Events;
  /** What the parts of this app share; for this package's own use. */
  readonly runtime: Runtime;

  constructor(name: string, settings: Partial<Settings> = {}) {
    this.name = name;
    this.runtime = new Runtime(name, completeSettings(settings));
    this.control = new Control(this.runtime);
    this.events = new Events(this.runtime);
    announce(this.runtime);
    for (const task of builtinTasks(this.runtime)) this.runtime.tasks.set(task.name, task);
  }

  get settings(): Settings {
    return this.runtime.settings;
  }

  /** Defines a task under a name that all programs agree on. With `bind: true` it gets its request as first argument. */
  task<A extends unknown[], R>(
    name: string,
    fn: (request: TaskRequest, ...args: A) => R,
    options: TaskOptions & { readonly bind: true },
  ): Task<A, R>;
  task<A extends unknown[], R>(name: string, fn: (...args: A) => R, options?: TaskOptions): Task<A, R>;
  /** Named `APP.FUNCTION`. */
  task<A extends unknown[], R>(fn: (...args: A) => R, options?: TaskOptions): Task<A, R>;
  task(...given: unknown[]): unknown {
    const [name, fn, options] = (
      typeof given[0] === "string" ? given : [this.#nameFor(given[0]), ...given]
    ) as [string, (...args: any[]) => unknown, (TaskOptions & { bind?: boolean })?];
    requireFunction("fn", fn);
    const { bind = false, ...rest } = options ?? {};
    const definition = { name, fn, options: rest, bound: bind, builtin: false };
    this.runtime.tasks.set(name, definition);
    return makeTask(this.runtime, definition);
  }

  /** A signature of a task that is defined elsewhere, e.g. in Python; say its types yourself. */
  signature<A extends unknown[] = any[], R = unknown>(
    task: string,
    args: readonly unknown[] = [],
    options: CallOptions = {},
  ): Signature<A, R> {
    const { kwargs = {}, ...rest } = options;
    return new Signature(this.runtime, wireSignature(task, { args, kwargs, options: toWireOptions(rest) }));
  }

  /** Sends a task by name; whether anyone knows it is found out by the worker. */
  sendTask<R = unknown>(
    task: string,
    args: readonly unknown[] = [],
    options: CallOptions = {},
  ): SentResult<R> {
    return this.signature<[], R>(task, args, options).applyAsync();
  }

  /** The result of a task sent before, by its id. */
  AsyncResult<R = unknown>(id: string): AsyncResult<R> {
    return new AsyncResult<R>(this.runtime, id);
  }

  /** A group whose result was saved, by its id; null when there is none. */
  async restoreGroup<T extends unknown[] = unknown[]>(id: string): Promise<GroupResult<T> | null> {
    const tuple = await (await this.runtime.connections.backend()).restoreGroup(id);
    return tuple === null ? null : groupResultOf<T>(this.runtime, tuple);
  }

  /** Makes errors of this class come back as themselves instead of as a TaskError; `make` gets the stored arguments. */
  registerError(type: new (...args: any[]) => Error, make?: ErrorFactory): void {
    this.runtime.errors.set(type.name, make ?? ((args) => new type(...args)));
  }

  /** A worker for this app's tasks; `start` it. */
  worker(options: WorkerOptions = {}): Worker {
    return new Worker(this.runtime, options);
  }

  /** Sends the tasks of `beatSchedule` when they are due; `start` it, once per app. */
  beat(options: BeatOptions = {}): Beat {
    return new Beat(this.runtime, options);
  }

  /** The Executor contract over the cluster: `app.executor().map(resize, files)` runs the task `resize` on all workers. */
  executor(options: CallOptions = {}): ClusterExecutor {
    return new ClusterExecutor(options);
  }

  /** For tests of your own: a worker in this program, on a broker in memory. */
  testing(options: WorkerOptions = {}): Promise<TestWorker> {
    return startTestWorker(this.runtime, options);
  }

  /** Changes settings; must come before the app's first use. Python: `app.conf.update`. */
  configure(changes: Partial<Settings>): this {
    const completed = completeSettings({ ...this.settings, ...changes });
    const backend =
      changes.broker !== undefined && changes.backend === undefined ? {} : { backend: completed.backend };
    Object.assign(this.settings, completed, backend);
    return this;
  }

  /** Drops all messages that wait in a queue; default: the app's default queue. */
  async purge(queue: string = this.settings.taskDefaultQueue): Promise<number> {
    return (await this.runtime.connections.broker()).purge(queue);
  }

  /** Closes the connections. A later call opens them again. */
  async close(): Promise<void> {
    await this.runtime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #nameFor(fn: unknown): string {
    const name = typeof fn === "function" ? fn.name : "";
    if (name === "")
      throw new ArgumentError('A task made of an unnamed function needs a name: app.task("proj.name", fn)');
    return `${this.name}.${name}`;
  }
}
