import { randomUUID } from "node:crypto";
import type { Runtime } from "./runtime.ts";
import type { WorkerOptions } from "./worker/options.ts";
import { Worker } from "./worker/worker.ts";

/** A running worker on a broker of its own, for one test. */
export interface TestWorker extends AsyncDisposable {
  readonly worker: Worker;
  stop(): Promise<void>;
}

/**
 * Moves the app onto an in-memory broker and starts a worker in this program: `delay` and `get` work as in production,
 * with nothing installed and nothing left behind. Must come before the app's first use.
 */
export async function startTestWorker(runtime: Runtime, options: WorkerOptions = {}): Promise<TestWorker> {
  const url = `memory://test-${randomUUID()}`;
  await runtime.close();
  Object.assign(runtime.settings, { broker: url, backend: url });
  const worker = new Worker(runtime, { log: () => {}, ...options });
  await worker.start();
  const stop = async (): Promise<void> => {
    await worker.stop();
    await runtime.close();
  };
  return { worker, stop, [Symbol.asyncDispose]: stop };
}
