import { fileURLToPath } from "node:url";

/** A pool as the benchmarks see it. */
export interface Runner {
  /** `x * x` */
  readonly tiny: (x: number) => PromiseLike<number>;
  /** So many steps of CPU work (`burn` of programs/work.mjs). */
  readonly burn: (steps: number) => PromiseLike<unknown>;
  /** There and back, copied. Absent where the pool cannot do that. */
  readonly echo?: (value: Float64Array) => PromiseLike<unknown>;
  readonly close: () => Promise<void> | void;
}

export type Setting = "default" | "tuned" | "variant";

/** A pool with settings. `load` imports the library, what it gives starts a pool: so both can be timed. */
export interface PoolKind {
  readonly name: string;
  readonly workers: "threads" | "processes";
  /**
   * "default": the peer as it comes. "tuned": settings that are better for some of the work here. "variant": further
   * ones, which the tables of tiny tasks show so that nobody has to guess.
   */
  readonly setting: Setting;
  readonly load: () => Promise<(workers: number) => Runner>;
}

export const program = (name: string): string =>
  fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
/** For the pools that run a task file. */
export const TASK: string = program("task.mjs");

/** A runner for a pool with one door, behind which task.mjs is told by its input what to do. */
export function general(
  run: (input: unknown) => PromiseLike<unknown>,
  close: () => Promise<void> | void,
): Runner {
  return {
    tiny: run as (x: number) => PromiseLike<number>,
    burn: (steps) => run({ burn: steps }),
    echo: run,
    close,
  };
}

export function withoutEcho({ tiny, burn, close }: Runner): Runner {
  return { tiny, burn, close };
}
