import { WorkerExecutor, type WorkerPoolOptions } from "../worker/index.ts";

export type ProcessPoolExecutorOptions = WorkerPoolOptions;

/**
 * Runs functions in worker processes: as ThreadPoolExecutor, with walls between. A segfault or `process.abort` in a
 * task ends that worker only; memory limits and native libraries are per process. Arguments and results are always
 * copied. A process costs about 14 MB more and 70 ms. Python: `concurrent.futures.ProcessPoolExecutor`; there is no
 * main guard to write, and a dead worker is replaced instead of breaking the executor (`brokenPolicy: "strict"`
 * breaks it).
 */
export class ProcessPoolExecutor extends WorkerExecutor {
  constructor(options: ProcessPoolExecutorOptions = {}) {
    super("process", options);
  }
}
