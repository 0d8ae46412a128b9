import { BrokenExecutor, CancelledError, StateError, TimeoutError } from "../../core/index.ts";
import { EventLoopExecutor, type Executor } from "../../futures/index.ts";
import { ProcessPoolExecutor } from "../../multiprocessing/index.ts";
import { ThreadPoolExecutor } from "../../threading/index.ts";
import type { ContextPorts } from "../context.ts";
import { execute, type Outcome } from "../execute.ts";
import type { Runtime } from "../runtime.ts";
import { runInChild } from "./remote.ts";
import type { Request } from "./request.ts";
import type { Ending } from "./settle.ts";

export type PoolKind = "loop" | "threads" | "processes" | "solo";

/** Runs requests on an executor and says how each ended; never rejects. */
export interface TaskPool {
  readonly kind: PoolKind;
  run(request: Request, node: string, ports: ContextPorts): Promise<Ending>;
  stop(): Promise<void>;
}

export interface PoolOptions {
  readonly kind: PoolKind;
  readonly maxTasksPerChild?: number | undefined;
}

export function openPool(runtime: Runtime, { kind, maxTasksPerChild }: PoolOptions): TaskPool {
  if (kind === "loop" || kind === "solo") return new LoopPool(kind);
  if (runtime.settings.include.length === 0) {
    throw new StateError(
      `A pool of ${kind} imports the app's module in each child, so the app must name it: ` +
        "new Celery(name, { include: [import.meta.url] })",
    );
  }
  // The worker bounds how many tasks run; the executor starts children as they are needed.
  const options = {
    maxWorkers: MOST_CHILDREN,
    maxTasksPerChild,
    idleTimeout: IDLE_SECONDS,
    name: `celery-${kind}`,
  };
  const executor = kind === "threads" ? new ThreadPoolExecutor(options) : new ProcessPoolExecutor(options);
  return new ChildPool(kind, executor, runtime);
}

const MOST_CHILDREN = 1024;
/** A child that the pool no longer needs, after it shrank, ends after that. */
const IDLE_SECONDS = 60;

/** Tasks in this thread's event loop: nothing is copied, and a task shares the program's memory. */
class LoopPool implements TaskPool {
  readonly kind: PoolKind;
  readonly #executor: Executor = new EventLoopExecutor({ maxWorkers: Number.MAX_SAFE_INTEGER });

  constructor(kind: PoolKind) {
    this.kind = kind;
  }

  run(request: Request, node: string, ports: ContextPorts): Promise<Ending> {
    request.workerPid = process.pid;
    return runOn(this.#executor, request, (executor) =>
      executor.submit(() =>
        execute(request.definition, request.invocation(node), ports, (live) => (request.live = live)),
      ),
    );
  }

  stop(): Promise<void> {
    return this.#executor.shutdown({ wait: false });
  }
}

/** Tasks in threads or processes: they run on every core, and a hard limit or a revoke stops them whatever they do. */
class ChildPool implements TaskPool {
  readonly kind: PoolKind;
  readonly #executor: Executor;
  readonly #runtime: Runtime;

  constructor(kind: PoolKind, executor: Executor, runtime: Runtime) {
    this.kind = kind;
    this.#executor = executor;
    this.#runtime = runtime;
  }

  run(request: Request, node: string): Promise<Ending> {
    const { name: app, settings } = this.#runtime;
    const invocation = request.invocation(node);
    const run = { app, modules: settings.include, task: request.name, invocation };
    return runOn(this.#executor, request, (executor) => executor.submit(runInChild, run));
  }

  stop(): Promise<void> {
    return this.#executor.shutdown({ wait: true, cancelFutures: true });
  }
}

/** Submits through a view that carries the request's hard limit and its stop button, and reads how the run ended. */
async function runOn(
  executor: Executor,
  request: Request,
  submit: (executor: Executor) => PromiseLike<Outcome>,
): Promise<Ending> {
  const [hard] = request.limits;
  let stopped: "terminated" | "shutdown" | undefined;
  const abort = new AbortController();
  request.stop = (reason) => {
    stopped = reason;
    request.live?.abort(new CancelledError(`The task was stopped (${reason})`));
    abort.abort();
  };
  const view = executor.with(
    hard === null ? { signal: abort.signal } : { signal: abort.signal, timeout: hard },
  );
  try {
    return await submit(view);
  } catch (error) {
    if (stopped === "terminated") return { kind: "terminated" };
    if (stopped === "shutdown") return { kind: "reject", requeue: true, children: [], seconds: 0 };
    return endingOf(error, hard);
  } finally {
    request.stop = undefined;
  }
}

function endingOf(error: unknown, hard: number | null): Ending {
  if (error instanceof TimeoutError && hard !== null) return { kind: "timeout", seconds: hard };
  if (error instanceof BrokenExecutor) return { kind: "lost", reason: error.message };
  return { kind: "lost", reason: `The pool could not run the task: ${String(error)}` };
}
