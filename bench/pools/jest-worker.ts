import { type PoolKind, TASK, general, withoutEcho } from "./runner.ts";

function jest(
  name: string,
  workers: PoolKind["workers"],
  setting: PoolKind["setting"],
  options: { workerSchedulingPolicy?: "in-order" } = {},
): PoolKind {
  return {
    name,
    workers,
    setting,
    load: async () => {
      const { Worker } = await import("jest-worker");
      return (numWorkers) => {
        const pool = new Worker(TASK, {
          numWorkers,
          enableWorkerThreads: workers === "threads",
          exposedMethods: ["run"],
          ...options,
        }) as InstanceType<typeof Worker> & { run: (input: unknown) => Promise<unknown> };
        const runner = general(
          (input) => pool.run(input),
          async () => {
            await pool.end();
          },
        );
        // Its processes speak JSON, which turns a Float64Array into an object.
        return workers === "threads" ? runner : withoutEcho(runner);
      };
    },
  };
}

export const JEST_WORKER: readonly PoolKind[] = [
  jest("jest-worker threads", "threads", "default"),
  jest("jest-worker threads, in order", "threads", "variant", { workerSchedulingPolicy: "in-order" }),
  jest("jest-worker processes", "processes", "default"),
];
