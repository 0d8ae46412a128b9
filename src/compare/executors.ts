import type { Executor } from "../futures/index.ts";
import { EventLoopExecutor } from "../futures/index.ts";
import { ProcessPoolExecutor } from "../multiprocessing/index.ts";
import { ThreadPoolExecutor } from "../threading/index.ts";
import type { Model } from "./types.ts";

/** The executor that is the model. */
export function openExecutor(model: Model): Executor {
  const { workers, concurrency } = model;
  switch (model.kind) {
    case "threads":
    case "threads-async":
      return new ThreadPoolExecutor({ maxWorkers: workers, concurrencyPerWorker: concurrency });
    case "processes":
      return new ProcessPoolExecutor({ maxWorkers: workers, concurrencyPerWorker: concurrency });
    default:
      return new EventLoopExecutor({ maxWorkers: concurrency });
  }
}
