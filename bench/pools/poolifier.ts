import { type PoolKind, type Runner, general, program } from "./runner.ts";

type Poolifier = typeof import("poolifier");
type Options = ConstructorParameters<Poolifier["FixedThreadPool"]>[2];
interface AnyPool {
  execute(data: { input: unknown }): Promise<unknown>;
  destroy(): Promise<void>;
}

const THREAD = program("poolifier-thread.mjs");
const CLUSTER = program("poolifier-cluster.cjs");

function poolifier(
  name: string,
  workers: PoolKind["workers"],
  setting: PoolKind["setting"],
  create: (library: Poolifier, workers: number) => AnyPool,
): PoolKind {
  const open = (pool: AnyPool): Runner =>
    general(
      (input) => pool.execute({ input }),
      () => pool.destroy(),
    );
  return {
    name,
    workers,
    setting,
    load: async () => {
      const library = await import("poolifier");
      return (size) => open(create(library, size));
    },
  };
}

const fixed =
  (options: Options = {}) =>
  ({ FixedThreadPool }: Poolifier, workers: number): AnyPool =>
    new FixedThreadPool<{ input: unknown }, unknown>(workers, THREAD, options);

export const POOLIFIER: readonly PoolKind[] = [
  poolifier("poolifier threads", "threads", "default", fixed()),
  poolifier(
    "poolifier threads, tasks queue",
    "threads",
    "tuned",
    fixed({ enableTasksQueue: true, tasksQueueOptions: { concurrency: 1 } }),
  ),
  poolifier(
    "poolifier threads, tasks queue of 500",
    "threads",
    "variant",
    fixed({ enableTasksQueue: true, tasksQueueOptions: { concurrency: 500 } }),
  ),
  poolifier(
    "poolifier threads, dynamic",
    "threads",
    "variant",
    ({ DynamicThreadPool }, workers) =>
      new DynamicThreadPool<{ input: unknown }, unknown>(workers - 1, workers, THREAD),
  ),
  poolifier(
    "poolifier threads, round robin",
    "threads",
    "variant",
    fixed({ workerChoiceStrategy: "ROUND_ROBIN" }),
  ),
  poolifier(
    "poolifier processes",
    "processes",
    "default",
    ({ FixedClusterPool }, workers) =>
      new FixedClusterPool<{ input: unknown }, unknown>(workers, CLUSTER, {
        settings: { serialization: "advanced" },
      }),
  ),
  poolifier(
    "poolifier processes, JSON",
    "processes",
    "variant",
    ({ FixedClusterPool }, workers) => new FixedClusterPool<{ input: unknown }, unknown>(workers, CLUSTER),
  ),
];
