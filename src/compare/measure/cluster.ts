import { hostname } from "node:os";
import type { FunctionReference, Model } from "../types.ts";
import type { remoteProbe } from "./probe.ts";
import { type Runner, type RunnerOptions, executorRunner } from "./runner.ts";

/** Milliseconds after which RabbitMQ drops a queue that nobody uses. */
const QUEUE_EXPIRES = 60_000;
/** Seconds after which the broker forgets the results: they have long been read. */
const RESULTS_EXPIRE = 60;

/**
 * Tasks over a broker: this program is the client and, on a queue of its own, the worker with `model.workers` processes.
 * What that costs beside plain processes is the broker's part, so far as one machine can show it.
 */
export async function clusterRunner(
  model: Model,
  broker: string,
  reference: FunctionReference,
  options: Pick<RunnerOptions, "signal">,
): Promise<Runner> {
  // Only here: without a broker the comparison does without this room.
  const { clusterApp } = await import("./cluster-tasks.ts");
  const queue = `spool-compare@${hostname()}.${process.pid}`;
  const { app, probe } = clusterApp({
    broker,
    resultExpires: RESULTS_EXPIRE,
    taskDefaultQueue: queue,
    // Without an exchange of its own, so that no binding is left behind.
    taskQueues: [{ name: queue, exchange: "", routingKey: queue, arguments: { "x-expires": QUEUE_EXPIRES } }],
  });
  const worker = app.worker({ pool: "processes", concurrency: model.workers, remoteControl: false });
  const close = async (): Promise<void> => {
    await worker.terminate();
    await app.purge(queue).catch(() => {});
    await app.close();
  };
  try {
    await worker.start();
    const executor = app.executor();
    const runner = await executorRunner(model, () => executor, reference, {
      ...options,
      keepOpen: true,
      remoteProbe: probe as unknown as typeof remoteProbe,
    });
    return { ...runner, close };
  } catch (error) {
    await close();
    throw error;
  }
}
