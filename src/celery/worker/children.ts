import type { Executor } from "../../futures/index.ts";

/** The executors whose threads or processes run a worker's tasks. */
export interface Children {
  borrow(): Executor;
  /** The task has ended; `memory` is what its child then held, in bytes, where that was asked for. */
  giveBack(executor: Executor, memory: number | undefined): void;
  stop(): Promise<void>;
}

/** One executor with as many children as are needed. */
export class SharedChildren implements Children {
  readonly #executor: Executor;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  borrow(): Executor {
    return this.#executor;
  }

  giveBack(): void {}

  stop(): Promise<void> {
    return this.#executor.shutdown({ wait: true, cancelFutures: true });
  }
}

/** One executor for each child, so that the one that has grown too large can be replaced when its task has ended. */
export class MeasuredChildren implements Children {
  readonly #open: () => Executor;
  readonly #most: number;
  readonly #all = new Set<Executor>();
  readonly #free: Executor[] = [];
  readonly #ending = new Set<Promise<void>>();

  /** `most`: bytes. */
  constructor(open: () => Executor, most: number) {
    this.#open = open;
    this.#most = most;
  }

  borrow(): Executor {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const executor = this.#open();
    this.#all.add(executor);
    return executor;
  }

  giveBack(executor: Executor, memory: number | undefined): void {
    if (memory === undefined || memory <= this.#most) this.#free.push(executor);
    else this.#end(executor);
  }

  async stop(): Promise<void> {
    for (const executor of this.#all) this.#end(executor);
    await Promise.all(this.#ending);
  }

  #end(executor: Executor): void {
    this.#all.delete(executor);
    const ending: Promise<void> = executor
      .shutdown({ wait: true, cancelFutures: true })
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
