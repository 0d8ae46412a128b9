import { StateError } from "../core/index.ts";
import { BaseExecutor, type Scheduler } from "./base-executor.ts";
import type { Chunk, Mapper } from "./chunk.ts";
import { Counters } from "./counters.ts";
import type { ExecutorStatistics, ShutdownOptions, TaskOptions } from "./executor.ts";
import type { Future } from "./future.ts";
import { LocalTask } from "./local-task.ts";
import { runChunk } from "./run-chunk.ts";

/**
 * Runs each task at once, inside `submit`: the reference for what the others do, and a stand-in for tests. A task
 * that is asynchronous goes on in this thread.
 */
export class InlineExecutor extends BaseExecutor {
  protected override readonly scheduler: Scheduler = new InlineScheduler();
}

class InlineScheduler implements Scheduler {
  readonly #counters = new Counters();
  readonly #open = new Set<LocalTask>();
  #closed = false;

  schedule(fn: (...args: any[]) => unknown, args: unknown[], options: TaskOptions): Future<unknown> {
    if (this.#closed) throw new StateError("The executor has been shut down and takes no more work");
    const task = new LocalTask(fn, args, options);
    this.#counters.add(task);
    this.#open.add(task);
    task.start("inline", () => this.#open.delete(task));
    return task;
  }

  mapper(fn: (...args: any[]) => unknown, spread: boolean, options: TaskOptions): Mapper {
    return {
      parallelism: 1,
      largestChunk: 1,
      run: (chunk) => this.schedule(() => runChunk(fn, chunk, spread), [], options) as Future<Chunk>,
    };
  }

  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    this.#closed = true;
    if (options.wait ?? true) await Promise.allSettled(this.#open);
  }

  statistics(): ExecutorStatistics {
    const { submitted, completed, failed, cancelled } = this.#counters;
    const running = this.#open.size;
    const idleWorkers = running > 0 ? 0 : 1;
    return {
      workers: 1,
      idleWorkers,
      queued: 0,
      running,
      submitted,
      completed,
      failed,
      cancelled,
      workersLost: 0,
    };
  }
}
