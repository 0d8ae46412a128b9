import { ArgumentError, abortReason, onAbort } from "../core/index.ts";
import {
  BaseExecutor,
  Future,
  type Chunk,
  type ExecutorStatistics,
  type Mapper,
  type Scheduler,
  type ShutdownOptions,
  type TaskOptions,
} from "../futures/index.ts";
import type { CallOptions } from "./canvas/options.ts";
import { isTask, type Task } from "./task.ts";

type AnyFunction = (...args: any[]) => unknown;

/** Tasks under way at once in one `map`: enough for many workers, few enough to keep the broker's memory small. */
const PARALLELISM = 256;

/**
 * The Executor contract over a cluster: what is submitted must be a task of the app, as only those exist on the other
 * machines. A timeout is the task's hard limit there; cancelling revokes it.
 */
export class ClusterExecutor extends BaseExecutor {
  protected override readonly scheduler: Scheduler;

  constructor(options: CallOptions = {}) {
    super();
    this.scheduler = new ClusterScheduler(options);
  }
}

class ClusterScheduler implements Scheduler {
  readonly #options: CallOptions;
  readonly #open = new Set<Future<unknown>>();
  readonly #counts = { submitted: 0, completed: 0, failed: 0, cancelled: 0 };
  #closed = false;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  schedule(fn: AnyFunction, args: unknown[], options: TaskOptions): Future<unknown> {
    if (this.#closed) throw new ArgumentError("The executor has been shut down and takes no more work");
    const task = requireTask(fn);
    const { timeout, priority, signal } = options;
    const result = task.applyAsync(args, {
      ...this.#options,
      ...(timeout === undefined ? {} : { timeLimit: timeout }),
      ...(priority === undefined ? {} : { priority }),
    });
    const unwanted = new AbortController();
    const future = new Future<unknown>(() => {
      result.revoke({ terminate: true }).catch(() => {});
      unwanted.abort();
      return true;
    });
    this.#follow(future, result.get({ signal: unwanted.signal }));
    future.addDoneCallback(onAbort(signal, () => future.cancel(abortReason(signal!))));
    return future;
  }

  /** One message for each input: tasks on other machines are worth a message, and each is retried on its own. */
  mapper(fn: AnyFunction, spread: boolean, options: TaskOptions): Mapper {
    return {
      parallelism: PARALLELISM,
      largestChunk: 1,
      run: ([input]) => this.#asChunk(this.schedule(fn, spread ? (input as unknown[]) : [input], options)),
    };
  }

  async shutdown({ wait = true, cancelFutures = false }: ShutdownOptions = {}): Promise<void> {
    this.#closed = true;
    if (cancelFutures) for (const future of this.#open) future.cancel();
    if (wait) await Promise.allSettled(this.#open);
  }

  statistics(): ExecutorStatistics {
    const running = this.#open.size;
    return { workers: PARALLELISM, idleWorkers: 0, queued: 0, running, ...this.#counts, workersLost: 0 };
  }

  #follow(future: Future<unknown>, value: Promise<unknown>): void {
    this.#counts.submitted++;
    this.#open.add(future);
    future.addDoneCallback(() => {
      this.#open.delete(future);
      if (future.cancelled()) this.#counts.cancelled++;
    });
    future.setRunningOrNotifyCancel();
    value.then(
      (result) => {
        if (future.done()) return;
        this.#counts.completed++;
        future.setResult(result);
      },
      (error: unknown) => {
        if (future.done()) return;
        this.#counts.failed++;
        future.setException(error);
      },
    );
  }

  #asChunk(task: Future<unknown>): Future<Chunk> {
    const started = performance.now();
    const chunk = new Future<Chunk>(() => task.cancel());
    chunk.setRunningOrNotifyCancel();
    const end = (values: unknown[], failure?: Chunk["failure"]): void => {
      const seconds = (performance.now() - started) / 1000;
      if (!chunk.done()) chunk.setResult({ values, failure, seconds, asynchronous: true });
    };
    task.then(
      (value) => end([value]),
      (error: unknown) => end([], { error }),
    );
    return chunk;
  }
}

function requireTask(fn: AnyFunction): Task {
  if (isTask(fn)) return fn;
  throw new ArgumentError(
    `Only tasks of the app can run on other machines; make one of ${fn.name || "the function"} with app.task(...)`,
  );
}
