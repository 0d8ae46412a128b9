import { type WireError, decodeError } from "../closures/index.ts";
import { PriorityFifo, QueueFullError, StateError, abortReason, clock, onAbort } from "../core/index.ts";
import { type ExecutorStatistics, type ShutdownOptions, type TaskOptions } from "../futures/index.ts";
import { WORTH_A_MESSAGE, bindingOf } from "./binding.ts";
import { Crew } from "./crew.ts";
import type { FunctionTable, Shipped } from "./function-table.ts";
import { type LossReport, lossError, startedTasks, warn } from "./loss.ts";
import type { PoolSettings } from "./options.ts";
import type { Peer, PeerExit } from "./peer.ts";
import { Op } from "./protocol.ts";
import type { Seat, SeatHandlers } from "./seat.ts";
import { Settler } from "./settler.ts";
import { Stopper } from "./stopper.ts";
import { Task, type TaskOwner } from "./task.ts";

export interface DispatcherOptions {
  readonly kind: "thread" | "process";
  readonly settings: PoolSettings;
  readonly functions: FunctionTable;
  readonly crew: (handlers: SeatHandlers) => Crew;
}

/** Milliseconds between two looks for workers that are stuck with tasks behind. */
const WATCH_MS = 5;
/**
 * One backlog for all workers. A task is bound to a worker as late as possible: when the worker is free, or when what
 * it has is so short that waiting behind it costs less than the way there.
 */
export class Dispatcher implements TaskOwner {
  readonly #kind: "thread" | "process";
  readonly #settings: PoolSettings;
  readonly #functions: FunctionTable;
  readonly #crew: Crew;
  readonly #stopper = new Stopper();
  readonly #settler: Settler;
  readonly #backlog = new PriorityFifo<Task>();
  /** Tasks in the backlog that are done already (cancelled); they are dropped when their turn comes. */
  #stale = 0;
  /** Tasks whose future or stream is still open. */
  #open = 0;
  #submitted = 0;
  #completed = 0;
  #failed = 0;
  #cancelled = 0;
  #lost = 0;
  #pumping = false;
  #watching = false;
  #closed = false;
  #ending = false;
  #broken: unknown;
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: DispatcherOptions) {
    this.#kind = options.kind;
    this.#settings = options.settings;
    this.#functions = options.functions;
    this.#settler = new Settler({
      ...options,
      stopper: this.#stopper,
      again: (task) => this.#again(task),
      streamEnded: () => this.#ended(),
    });
    this.#crew = options.crew({
      ready: (seat) => this.#ready(seat),
      initFailed: (_seat, error) => this.#initFailed(error),
      answer: (seat, task, op, a, b) => this.#answer(seat, task, op, a, b),
      resumed: () => this.#schedulePump(),
      started: (task) => this.#settler.started(task),
      timing: (key, seconds, asynchronous) => this.#functions.measured(key, seconds, asynchronous),
      unsendable: (seat, task, error) => this.#unsendable(seat, task, error),
      exit: (seat, exit) => this.#exit(seat, exit),
    });
  }

  /** To be called before a function is captured: the first worker starts meanwhile, on another core. */
  warm(): void {
    if (this.#crew.size === 0 && !this.#closed && this.#broken === undefined) this.#crew.grow(1);
  }

  submit(op: Op, shipped: Shipped, body: unknown, options: TaskOptions, pinned?: Seat): Task {
    this.#admit();
    const task = new Task(this, op, shipped.shipment, shipped.record, body, options);
    this.#submitted++;
    if (++this.#open === 1) this.#crew.hold();
    if (options.timing) task.submittedAt = clock().now();
    if (this.#settings.context !== undefined) task.context = { value: this.#settings.context.capture() };
    const { signal } = options;
    if (signal !== undefined) task.unwatch = onAbort(signal, () => task.cancel(abortReason(signal)));
    if (pinned !== undefined) task.pinned = pinned;
    else if (!task.done()) this.#backlog.push(task, options.priority);
    this.#schedulePump();
    return task;
  }

  /** Runs `make(seat)` for every worker, all of them started, and gives the tasks. */
  onEveryWorker(make: (seat: Seat) => Task): Task[] {
    return this.#crew.all(this.#settings.maxWorkers).map((seat) => {
      const task = make(seat);
      if (seat.state === "starting") this.#crew.pin(seat, task);
      else this.#bind(seat, task);
      return task;
    });
  }

  /** Called by `future.cancel()`: withdraws a waiting task, stops a running one. */
  stop(task: Task): boolean {
    if (task.seat !== undefined) this.#stopper.stop(task, "The task was cancelled");
    else if (task.pinned === undefined) this.#stale++;
    return true;
  }

  settled(task: Task): void {
    task.unwatch?.();
    task.unwatch = undefined;
    if (task.cancelled()) this.#cancelled++;
    else if (task.failed()) this.#failed++;
    else this.#completed++;
    if (task.stream === undefined) this.#ended();
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    this.#closed = true;
    if (options.cancelFutures) this.#cancelWaiting();
    this.#endIfDrained();
    if (options.wait ?? true) await this.#drained.promise;
  }

  /** Cancels everything and stops the workers at once. */
  async terminate(): Promise<void> {
    this.#closed = true;
    for (const task of [...this.#backlog, ...this.#crew.tasks()]) {
      if (!task.done()) task.cancel();
      task.stream?.finish({ error: new StateError("The executor was terminated") });
    }
    this.#crew.terminate();
    this.#endIfDrained();
    await this.#drained.promise;
  }

  /** The workers there are. */
  peers(): Peer[] {
    return this.#crew.peers();
  }

  statistics(): ExecutorStatistics {
    return {
      workers: this.#crew.size,
      idleWorkers: this.#crew.idle,
      queued: this.#backlog.size - this.#stale,
      running: this.#crew.running,
      submitted: this.#submitted,
      completed: this.#completed,
      failed: this.#failed,
      cancelled: this.#cancelled,
      workersLost: this.#lost,
    };
  }

  // Binding

  #admit(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#closed) throw new StateError("The executor has been shut down and takes no more work");
    if (this.#backlog.size - this.#stale >= this.#settings.queueLimit)
      throw new QueueFullError(`The queue limit of ${this.#settings.queueLimit} waiting tasks is reached`);
  }

  /** Not a microtask: it shall run once after all the submits of this turn, those in promise callbacks included. */
  #schedulePump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    process.nextTick(this.#pump);
  }

  readonly #pump = (): void => {
    this.#pumping = false;
    const few = this.#backlog.size < WORTH_A_MESSAGE;
    for (let task = this.#next(); task !== undefined; task = this.#next()) {
      const binding = bindingOf(task, few);
      const seat = this.#crew.choose(binding);
      if (seat === undefined) break;
      void this.#backlog.shift();
      this.#bind(seat, task, binding.estimate);
      if (task.record.wary > 0) task.record.wary--;
    }
    if (this.#broken === undefined) this.#crew.grow(this.#backlog.size - this.#stale, this.#next());
    this.#crew.flush();
    if (!this.#watching && this.#crew.ahead) this.#watch();
  };

  /** A task that takes longer than expected must not hold up those behind it while another worker is free. */
  #watch(): void {
    this.#watching = true;
    setTimeout(() => {
      this.#watching = false;
      const recalled = this.#crew.recall();
      this.#putBack(recalled, (task) => this.#bind(task.pinned as Seat, task));
      if (recalled.length > 0) this.#pump();
      else if (this.#crew.ahead) this.#watch();
    }, WATCH_MS).unref();
  }

  #next(): Task | undefined {
    for (let task = this.#backlog.peek(); task !== undefined; task = this.#backlog.peek()) {
      if (!task.done()) return task;
      void this.#backlog.shift();
      this.#stale--;
    }
    return undefined;
  }

  #bind(seat: Seat, task: Task, estimate = 0): void {
    if (task.state === "pending") task.setRunningOrNotifyCancel();
    this.#crew.bind(seat, task, estimate);
  }

  #ready(seat: Seat): void {
    for (const task of this.#crew.takePinned(seat)) if (!task.done()) this.#bind(seat, task);
    this.#pump();
  }

  // Answers

  #answer(seat: Seat, task: Task, op: number, a: unknown, b: unknown): void {
    if (op === Op.STREAM) return this.#settler.openStream(seat, task);
    if (op === Op.ITEM) return this.#settler.item(task, a);
    this.#crew.release(seat, task);
    if (this.#backlog.size > 0) this.#schedulePump();
    this.#settler.end(seat, task, op, a, b as number | undefined);
  }

  #again(task: Task): void {
    this.#backlog.unshift(task, task.options.priority);
    this.#schedulePump();
  }

  #unsendable(seat: Seat, task: Task, error: unknown): void {
    this.#crew.release(seat, task);
    this.#schedulePump();
    this.#settler.unsendable(task, error);
  }

  // Losses

  #initFailed(wire: WireError): void {
    void Promise.resolve(decodeError(wire)).then((cause) =>
      this.#break({ kind: this.#kind, what: "initializer", cause }),
    );
  }

  #break(report: LossReport): void {
    if (this.#broken !== undefined) return;
    this.#broken = lossError(report);
    for (const task of [...this.#backlog, ...this.#crew.tasks()])
      if (!task.done()) task.setException(lossError(report));
    this.#backlog.clear();
    this.#stale = 0;
    this.#crew.terminate();
  }

  #exit(seat: Seat, exit: PeerExit): void {
    const tasks = seat.tasks();
    const pinned = this.#crew.takePinned(seat);
    const running = startedTasks(seat, tasks);
    const expected = seat.state === "closed";
    for (const task of tasks) this.#crew.release(seat, task);
    this.#crew.remove(seat);
    const report: LossReport = { kind: this.#kind, what: "worker", worker: seat.name, exit };
    const lost = [...running, ...pinned].filter((task) => !task.done() || task.stream !== undefined);
    if (lost.length > 0 || (!expected && seat.stoppedFor === undefined)) this.#lost++;
    this.#putBack(
      tasks.filter((task) => !running.has(task)),
      (task) => lost.push(task),
    );
    for (const task of lost) this.#lose(task, report, seat.stoppedFor);
    if (this.#settings.strict && !expected && seat.stoppedFor === undefined) this.#break(report);
    else if (this.#crew.hopeless) this.#break({ ...report, what: "start" });
    else if (lost.length === 0 && !expected && exit.error !== undefined) warn(report);
    this.#schedulePump();
    this.#endIfDrained();
  }

  /** Tasks that were sent but had not begun are first in line again. */
  #putBack(tasks: readonly Task[], pinned: (task: Task) => void): void {
    for (const task of tasks.toReversed()) {
      if (task.done()) continue;
      task.attempts--;
      if (task.pinned !== undefined) pinned(task);
      else this.#backlog.unshift(task, task.options.priority);
    }
  }

  #lose(task: Task, report: LossReport, stoppedFor: string | undefined): void {
    const error = lossError({ ...report, task: task.name, stoppedFor });
    if (task.stream !== undefined) {
      this.#ended();
      return task.stream.finish({ error });
    }
    const retries = task.options.retries ?? 0;
    if (task.attempts <= retries && task.pinned === undefined)
      this.#backlog.unshift(task, task.options.priority);
    else task.setException(error);
  }

  // The end

  #cancelWaiting(): void {
    for (const task of this.#backlog) if (!task.done()) task.cancel();
    for (const task of this.#crew.tasks()) {
      if (!task.done() && task.seat !== undefined && !startedTasks(task.seat, [task]).has(task))
        task.cancel();
    }
  }

  #ended(): void {
    if (--this.#open > 0) return;
    this.#crew.letGo();
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (!this.#closed || this.#ending || this.#open > 0) return;
    this.#ending = true;
    void this.#crew.close().then(() => this.#drained.resolve());
  }
}
