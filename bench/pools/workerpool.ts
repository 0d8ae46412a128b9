import { type PoolKind, general, program } from "./runner.ts";

function workerpool(
  name: string,
  workerType: "thread" | "process",
  setting: PoolKind["setting"],
  serialization: "json" | "advanced" = "advanced",
): PoolKind {
  return {
    name,
    workers: workerType === "thread" ? "threads" : "processes",
    setting,
    load: async () => {
      const { pool: create } = (await import("workerpool")).default;
      return (workers) => {
        const pool = create(program("workerpool-task.mjs"), {
          workerType,
          minWorkers: workers,
          maxWorkers: workers,
          forkOpts: { serialization },
        });
        return general(
          (input) => pool.exec("run", [input]) as unknown as PromiseLike<unknown>,
          async () => {
            await pool.terminate();
          },
        );
      };
    },
  };
}

export const WORKERPOOL: readonly PoolKind[] = [
  workerpool("workerpool threads", "thread", "default"),
  workerpool("workerpool processes", "process", "default"),
  workerpool("workerpool processes, JSON", "process", "variant", "json"),
];
