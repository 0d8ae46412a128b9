import { BrokenExecutor, CancelledError, TimeoutError } from "../../core/index.ts";
import type { ContextPorts } from "../context.ts";
import { EventLoopExecutor, type Executor } from "../../futures/index.ts";
import { execute, type Outcome } from "../execute.ts";
import type { Request } from "./request.ts";
import type { Ending } from "./settle.ts";

export type PoolKind = "loop" | "threads" | "processes" | "solo";

/** Runs requests on an executor and says how each ended; never rejects. */
export interface TaskPool {
  readonly kind: PoolKind;
  run(request: Request, node: string, ports: ContextPorts): Promise<Ending>;
  stop(): Promise<void>;
  terminate(): Promise<void>;
}

/** Tasks in this thread's event loop: nothing is copied, and a task shares the program's memory. */
export class LoopPool implements TaskPool {
  readonly kind: PoolKind;
  /** The worker itself bounds how many run at once. */
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
    return this.#executor.shutdown({ wait: true });
  }

  terminate(): Promise<void> {
    return this.#executor.shutdown({ wait: false, cancelFutures: true });
  }
}

/** Submits through a view that carries the request's hard limit and its stop button, and reads how the run ended. */
async function runOn(
  executor: Executor,
  request: Request,
  submit: (executor: Executor) => PromiseLike<Outcome>,
): Promise<Ending> {
  const [hard] = request.headers.timeLimit;
  const abort = new AbortController();
  let stopped: "terminated" | "shutdown" | undefined;
  request.stop = (reason) => {
    stopped = reason;
    request.live?.abort(new CancelledError(`The task was stopped (${reason})`));
    abort.abort();
  };
  const view = executor.with({ signal: abort.signal, ...(hard === null ? {} : { timeout: hard }) });
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
