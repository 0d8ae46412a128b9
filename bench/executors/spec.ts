import { type Contestant, measure } from "../harness.ts";
import type { PoolKind, Runner } from "../pools/index.ts";
import type { Figure } from "../support/table.ts";
import type { Target } from "../support/targets.ts";

/** All pools here have as many. */
export const WORKERS = 2;

/** One table: what is measured, who takes part, what we ask of ourselves. */
export interface TableSpec {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** Most rounds, where further ones would say nothing new. */
  readonly rounds?: number;
  readonly figures: (rounds: number) => Promise<readonly Figure[]>;
  readonly targets: readonly Target[];
}

/** The usual way to the figures: contestants in turns. */
export function interleaved(
  make: () => Promise<readonly Contestant[]>,
  options: { readonly warmup?: number } = {},
): TableSpec["figures"] {
  return async (rounds) => {
    const { figures } = await measure("", await make(), { unit: "", rounds, ...options });
    return figures;
  };
}

/** Opens these pools and makes a contestant of each, unless it cannot take part. */
export async function each(
  kinds: readonly PoolKind[],
  contestant: (runner: Runner, kind: PoolKind) => Omit<Contestant, "name" | "close"> | undefined,
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const kind of kinds) {
    const runner = (await kind.load())(WORKERS);
    const part = contestant(runner, kind);
    if (part === undefined) await runner.close();
    else contestants.push({ name: kind.name, ...part, close: runner.close });
  }
  return contestants;
}

/** Seconds that `work` takes. */
export async function timed(work: () => PromiseLike<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

export const isBare = (name: string): boolean => name.startsWith("bare");
/** Other pools of Node: no baselines, nothing that is no pool. */
export const isPeer = (name: string): boolean =>
  /^(piscina|tinypool|workerpool|poolifier|jest-worker|multithreading)\b/.test(name);
