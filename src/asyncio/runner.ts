import { isMainThread } from "node:worker_threads";
import { CancelledError, Interrupted, StateError, requireFunction } from "../core/index.ts";
import { debug } from "./debug.ts";
import { FreeTasks } from "./free-tasks.ts";
import { Scope, currentScope, uninterruptible } from "./scope.ts";
import { captureSite } from "./site.ts";
import { Task } from "./task.ts";
import { Waiter } from "./waiter.ts";

export interface RunOptions {
  /** Whether SIGINT and SIGTERM cancel the work (default true). A second signal ends the process the hard way. */
  readonly signals?: boolean | undefined;
  readonly name?: string | undefined;
}

/**
 * Runs an async program: `fn`, and every free task that it created. When `fn` ends, free tasks that still run are
 * cancelled and waited for. SIGINT and SIGTERM cancel `fn`, let its cleanup finish, and end in `Interrupted`.
 * Errors of free tasks that nobody awaited come up as unhandled rejections. Python: `asyncio.run`.
 */
export async function run<T>(fn: () => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
  const runner = new Runner(options);
  try {
    return await runner.run(fn);
  } finally {
    await runner.close();
  }
}

/** Several main functions one after the other, with free tasks living on between them. Python: `asyncio.Runner`. */
export class Runner implements AsyncDisposable {
  readonly #tasks: FreeTasks;
  readonly #signals: boolean;
  #closed = false;

  constructor(options: RunOptions = {}) {
    this.#signals = (options.signals ?? true) && isMainThread;
    this.#tasks = new FreeTasks(options.name ?? "run", new Scope(currentScope()));
  }

  /** Runs `fn` as the main task and gives its result. Free tasks go on until `close`. */
  async run<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    requireFunction("fn", fn);
    if (this.#closed) throw new StateError("The runner is closed; make a new one");
    const { scope } = this.#tasks;
    const main = new Task(fn, scope, this.#tasks, captureSite(this.run), fn.name || "main");
    this.#tasks.add(main);
    const release = this.#signals ? cancelOnSignal(main) : undefined;
    try {
      await new Promise<void>((resolve) => main.addDoneCallback(() => resolve()));
    } finally {
      release?.();
    }
    const outcome = main.outcome!;
    main.observe();
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  /** Cancels the free tasks, waits for them, and raises the errors that nobody looked at. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { live, idle, scope } = this.#tasks;
    for (const task of live) {
      if (!task.observed) debug.hooks?.forgotten(task);
      task.cancel(new CancelledError(`The program ended before task "${task.name}" did`));
    }
    while (live.size > 0) await new Waiter("free tasks", undefined, uninterruptible).in(idle);
    scope.unlink();
    this.#tasks.onClose?.();
    this.#tasks.raiseUnseen();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The first signal cancels; the listeners are gone then, so that a second one has its usual effect. */
function cancelOnSignal(main: Task<any>): () => void {
  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    release();
    main.cancel(new Interrupted(signal));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return release;
}
