import { PriorityFifo, QueueFullError, StateError, requireInteger } from "../core/index.ts";
import { BaseExecutor, type Scheduler } from "./base-executor.ts";
import type { Chunk, Mapper } from "./chunk.ts";
import { Counters } from "./counters.ts";
import type { ExecutorStatistics, ShutdownOptions, TaskOptions } from "./executor.ts";
import type { Future } from "./future.ts";
import { LocalTask } from "./local-task.ts";
import { runChunk } from "./run-chunk.ts";

export interface EventLoopExecutorOptions {
  /** Most tasks under way at once. Default 100. */
  readonly maxWorkers?: number;
  /** Most tasks waiting to start; `submit` then throws QueueFullError. Default: no limit. */
  readonly queueLimit?: number;
  readonly name?: string;
}

/** Enough to hide network latency, few enough not to exhaust sockets and file descriptors. */
const DEFAULT_CONCURRENCY = 100;

/**
 * Runs async functions in this thread's event loop, a bounded number at once: asyncio's place in the executor
 * contract. For work that waits (network, disk). It gives no parallelism: CPU work belongs in threads or processes.
 * Functions and values are used as they are, nothing is copied. A timeout or a cancellation settles the future at
 * once and aborts the task's `taskSignal()`; code that ignores the signal goes on unseen.
 */
export class EventLoopExecutor extends BaseExecutor {
  protected override readonly scheduler: Scheduler;

  constructor(options: EventLoopExecutorOptions = {}) {
    super();
    this.scheduler = new LoopScheduler(options);
  }
}

class LoopScheduler implements Scheduler {
  readonly #limit: number;
  readonly #queueLimit: number;
  readonly #name: string;
  readonly #backlog = new PriorityFifo<LocalTask>();
  readonly #counters = new Counters();
  readonly #open = new Set<LocalTask>();
  #running = 0;
  #closed = false;
  #idle = Promise.withResolvers<void>();

  constructor(options: EventLoopExecutorOptions) {
    this.#limit = requireInteger("maxWorkers", options.maxWorkers ?? DEFAULT_CONCURRENCY, 1);
    this.#queueLimit =
      options.queueLimit === undefined ? Infinity : requireInteger("queueLimit", options.queueLimit, 1);
    this.#name = options.name ?? "event loop";
  }

  schedule(fn: (...args: any[]) => unknown, args: unknown[], options: TaskOptions): Future<unknown> {
    if (this.#closed) throw new StateError("The executor has been shut down and takes no more work");
    if (this.#backlog.size >= this.#queueLimit)
      throw new QueueFullError(`The queue limit of ${this.#queueLimit} waiting tasks is reached`);
    const task = new LocalTask(fn, args, options);
    this.#counters.add(task);
    this.#open.add(task);
    this.#backlog.push(task, options.priority);
    if (this.#running < this.#limit) queueMicrotask(this.#pump);
    return task;
  }

  mapper(fn: (...args: any[]) => unknown, spread: boolean, options: TaskOptions): Mapper {
    return {
      parallelism: this.#limit,
      largestChunk: 1,
      run: (chunk) => this.schedule(() => runChunk(fn, chunk, spread), [], options) as Future<Chunk>,
    };
  }

  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    this.#closed = true;
    if (options.cancelFutures) for (const task of this.#backlog) task.cancel();
    this.#pump();
    if (options.wait ?? true) await this.#idle.promise;
  }

  statistics(): ExecutorStatistics {
    const { submitted, completed, failed, cancelled } = this.#counters;
    const queued = [...this.#backlog].filter((task) => !task.done()).length;
    const idleWorkers = this.#limit - this.#running;
    const counts = { submitted, completed, failed, cancelled, workersLost: 0 };
    return { workers: this.#limit, idleWorkers, queued, running: this.#running, ...counts };
  }

  readonly #pump = (): void => {
    while (this.#running < this.#limit) {
      const task = this.#backlog.shift();
      if (task === undefined) break;
      this.#running++;
      task.start(this.#name, () => this.#ended(task));
    }
    if (this.#closed && this.#open.size === 0) this.#idle.resolve();
  };

  #ended(task: LocalTask): void {
    this.#running--;
    this.#open.delete(task);
    queueMicrotask(this.#pump);
  }
}
