import { burn } from "../programs/work.mjs";
import type { PoolKind, Runner } from "./runner.ts";

type Spool = typeof import("../../src/index.ts");

/** What users get: the built package, not the sources. `npm run bench` builds it first. */
const BUILT: string = new URL("../../dist/index.js", import.meta.url).href;
export const loadSpool = (): Promise<Spool> => import(BUILT) as Promise<Spool>;

function over(executor: InstanceType<Spool["ThreadPoolExecutor" | "ProcessPoolExecutor"]>): Runner {
  const square = (x: number): number => x * x;
  const work = (steps: number): number => burn(steps);
  const echo = (value: Float64Array): Float64Array => value;
  return {
    tiny: (x) => executor.submit(square, x),
    burn: (steps) => executor.submit(work, steps),
    echo: (value) => executor.submit(echo, value),
    close: () => executor.shutdown(),
  };
}

export const SPOOL = {
  threads: {
    name: "spool threads",
    workers: "threads",
    setting: "default",
    load: async () => {
      const { ThreadPoolExecutor } = await loadSpool();
      return (maxWorkers) => over(new ThreadPoolExecutor({ maxWorkers }));
    },
  },
  processes: {
    name: "spool processes",
    workers: "processes",
    setting: "default",
    load: async () => {
      const { ProcessPoolExecutor } = await loadSpool();
      return (maxWorkers) => over(new ProcessPoolExecutor({ maxWorkers }));
    },
  },
} as const satisfies Record<string, PoolKind>;
