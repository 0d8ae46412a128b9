import { BrokenExecutor, CancelledError, StateError, TimeoutError } from "../../core/index.ts";
import { EventLoopExecutor, type Executor, type Future } from "../../futures/index.ts";
import { ProcessPoolExecutor } from "../../multiprocessing/index.ts";
import { ThreadPoolExecutor } from "../../threading/index.ts";
import type { ContextPorts } from "../context.ts";
import { execute, type Outcome } from "../execute.ts";
import type { Runtime } from "../runtime.ts";
import { type RemoteResult, runInChild } from "./remote.ts";
import { type Children, MeasuredChildren, SharedChildren } from "./children.ts";
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
  /** KiB. */
  readonly maxMemoryPerChild?: number | undefined;
}

export function openPool(runtime: Runtime, options: PoolOptions): TaskPool {
  const { kind, maxTasksPerChild, maxMemoryPerChild } = options;
  if (kind === "loop" || kind === "solo") return new LoopPool(kind);
  if (runtime.settings.include.length === 0) {
    throw new StateError(
      `A pool of ${kind} imports the app's module in each child, so the app must name it: ` +
        "new Celery(name, { include: [import.meta.url] })",
    );
  }
  // The worker bounds how many tasks run; the executor starts children as they are needed.
  const open = (maxWorkers: number): Executor => {
    const settings = { maxWorkers, maxTasksPerChild, idleTimeout: IDLE_SECONDS, name: `celery-${kind}` };
    return kind === "threads" ? new ThreadPoolExecutor(settings) : new ProcessPoolExecutor(settings);
  };
  const children =
    maxMemoryPerChild === undefined
      ? new SharedChildren(open(MOST_CHILDREN))
      : new MeasuredChildren(() => open(1), maxMemoryPerChild * 1024);
  return new ChildPool(kind, children, runtime, maxMemoryPerChild !== undefined);
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
    const run = (): Promise<Outcome> =>
      execute(request.definition, request.invocation(node), ports, (live) => (request.live = live));
    return runOn(this.#executor, request, (executor) => executor.submit(run), itself);
  }

  stop(): Promise<void> {
    return this.#executor.shutdown({ wait: false });
  }
}

/** Tasks in threads or processes: they run on every core, and a hard limit or a revoke stops them whatever they do. */
class ChildPool implements TaskPool {
  readonly kind: PoolKind;
  readonly #children: Children;
  readonly #runtime: Runtime;
  readonly #measured: boolean;

  constructor(kind: PoolKind, children: Children, runtime: Runtime, measured: boolean) {
    this.kind = kind;
    this.#children = children;
    this.#runtime = runtime;
    this.#measured = measured;
  }

  async run(request: Request, node: string): Promise<Ending> {
    const { name: app, settings } = this.#runtime;
    const invocation = request.invocation(node);
    const { kind } = this;
    const memoryOf = !this.#measured ? null : kind === "threads" ? "thread" : "process";
    const run = { app, modules: settings.include, task: request.name, invocation, memoryOf } as const;
    const executor = this.#children.borrow();
    let memory: number | undefined;
    const read = (result: RemoteResult): Outcome => {
      memory = result.memory;
      return result.outcome;
    };
    const ending = await runOn(executor, request, (view) => view.submit(runInChild, run), read);
    this.#children.giveBack(executor, memory);
    return ending;
  }

  stop(): Promise<void> {
    return this.#children.stop();
  }
}

const itself = (outcome: Outcome): Outcome => outcome;

/** Submits with the request's hard limit, gives the request its stop button, and reads how the run ended. */
async function runOn<R>(
  executor: Executor,
  request: Request,
  submit: (executor: Executor) => Future<R>,
  read: (result: R) => Outcome,
): Promise<Ending> {
  const [hard] = request.limits;
  let stopped: "terminated" | "shutdown" | undefined;
  try {
    const future = submit(hard === null ? executor : executor.with({ timeout: hard }));
    request.stop = (reason) => {
      stopped = reason;
      request.live?.abort(new CancelledError(`The task was stopped (${reason})`));
      future.cancel();
    };
    return read(await future);
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
