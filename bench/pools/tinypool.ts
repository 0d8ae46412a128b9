import { type PoolKind, TASK, general } from "./runner.ts";

type Options = NonNullable<ConstructorParameters<typeof import("tinypool").Tinypool>[0]>;

function tinypool(name: string, setting: PoolKind["setting"], options: Options): PoolKind {
  return {
    name,
    workers: options.runtime === "child_process" ? "processes" : "threads",
    setting,
    load: async () => {
      const { Tinypool } = await import("tinypool");
      return (workers) => {
        const pool = new Tinypool({ filename: TASK, minThreads: workers, maxThreads: workers, ...options });
        return general(
          (input) => pool.run(input),
          () => pool.destroy(),
        );
      };
    },
  };
}

/** Its processes speak JSON unless told otherwise, and JSON carries no Float64Array. */
const forked: Options = { runtime: "child_process", serialization: "advanced" };

export const TINYPOOL: readonly PoolKind[] = [
  tinypool("tinypool threads", "default", {}),
  tinypool("tinypool threads, 500 a worker, no atomics", "tuned", {
    concurrentTasksPerWorker: 500,
    useAtomics: false,
  }),
  tinypool("tinypool threads, no atomics", "variant", { useAtomics: false }),
  tinypool("tinypool processes", "default", forked),
  tinypool("tinypool processes, 500 a worker", "tuned", { ...forked, concurrentTasksPerWorker: 500 }),
  tinypool("tinypool processes, 500 a worker, JSON", "variant", {
    runtime: "child_process",
    serialization: "json",
    concurrentTasksPerWorker: 500,
  }),
];
