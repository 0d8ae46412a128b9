import { availableParallelism } from "node:os";
import { EventLoopExecutor, type Executor } from "../../futures/index.ts";
import { ProcessPoolExecutor } from "../../multiprocessing/index.ts";
import { ThreadPoolExecutor } from "../../threading/index.ts";

export interface Workforce {
  readonly kind: "threads" | "processes" | "async";
  readonly size: number;
}

/** The default: threads on every core. */
export function defaultWorkforce(): Workforce {
  return { kind: "threads", size: availableParallelism() };
}

/** The executor that the command line asked for. */
export function openExecutor({ kind, size }: Workforce): Executor {
  if (kind === "threads") return new ThreadPoolExecutor({ maxWorkers: size });
  if (kind === "processes") return new ProcessPoolExecutor({ maxWorkers: size });
  return new EventLoopExecutor({ maxWorkers: size });
}
