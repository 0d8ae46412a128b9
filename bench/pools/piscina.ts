import { type PoolKind, TASK, general } from "./runner.ts";

type Options = NonNullable<ConstructorParameters<typeof import("piscina").Piscina>[0]>;

const piscina = (name: string, setting: PoolKind["setting"], options: Options): PoolKind => ({
  name,
  workers: "threads",
  setting,
  load: async () => {
    const { Piscina } = await import("piscina");
    return (workers) => {
      const pool = new Piscina({ filename: TASK, minThreads: workers, maxThreads: workers, ...options });
      return general(
        (input) => pool.run(input),
        () => pool.destroy(),
      );
    };
  },
});

export const PISCINA: readonly PoolKind[] = [
  piscina("piscina", "default", {}),
  piscina("piscina, 500 a worker, no atomics, no timing", "tuned", {
    concurrentTasksPerWorker: 500,
    atomics: "disabled",
    recordTiming: false,
  }),
  piscina("piscina, 500 a worker", "variant", { concurrentTasksPerWorker: 500, recordTiming: false }),
  piscina("piscina, 64 a worker", "variant", { concurrentTasksPerWorker: 64, recordTiming: false }),
  piscina("piscina, async atomics", "variant", { atomics: "async" }),
  piscina("piscina, no atomics", "variant", { atomics: "disabled" }),
  piscina("piscina, no timing", "variant", { recordTiming: false }),
];
