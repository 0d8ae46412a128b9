import type { Model, WorkClass } from "./types.ts";

export interface PlanOptions {
  readonly inputs: number;
  readonly cores: number;
  readonly class: WorkClass;
  readonly loopBusy: number;
  /** Sizes of the pools; default: powers of two up to the cores, and the cores. */
  readonly workers?: readonly number[] | undefined;
  /** Tasks in flight on the event loop; default: chosen by class. */
  readonly concurrency?: readonly number[] | undefined;
}

/** Beyond this many tasks at once on one loop, servers and sockets give way before the loop does. */
const MOST_AT_ONCE = 256;

/** The models to try besides the serial one. What cannot gain is tried once, as evidence, and not swept. */
export function planModels(options: PlanOptions): Model[] {
  const pools = [...(options.workers ?? poolSizes(options.cores))].filter((n) => n <= options.inputs);
  if (pools.length === 0) pools.push(1);
  const models: Model[] = loopSizes(options).map(eventLoopModel);
  for (const n of pools) models.push(poolModel("threads", n));
  if (options.class === "mixed") models.push(hybridModel(Math.max(...pools), options));
  for (const n of pools) models.push(poolModel("processes", n));
  return models;
}

export const serialModel: Model = { kind: "serial", name: "serial", workers: 1, concurrency: 1 };

export function eventLoopModel(concurrency: number): Model {
  return { kind: "event-loop", name: `event loop x${concurrency}`, workers: 1, concurrency };
}

export function poolModel(kind: "threads" | "processes", workers: number): Model {
  return { kind, name: `${kind} x${workers}`, workers, concurrency: 1 };
}

/** Enough tasks in each thread to fill its loop, twice over so that uneven tasks leave no gap. */
export function hybridModel(workers: number, options: Pick<PlanOptions, "inputs" | "loopBusy">): Model {
  const wanted = Math.ceil(2 / Math.max(options.loopBusy, 0.05));
  const concurrency = Math.max(2, Math.min(wanted, Math.ceil(options.inputs / workers)));
  return { kind: "threads-async", name: `threads x${workers}, ${concurrency} each`, workers, concurrency };
}

function loopSizes(options: PlanOptions): number[] {
  const wanted = options.concurrency ?? SWEEPS[options.class];
  const sizes = wanted.map((size) => Math.min(size, options.inputs, MOST_AT_ONCE));
  return [...new Set(sizes)].filter((size) => size > 1);
}

/** Where the loop has nothing to gain, one size shows it. */
const SWEEPS: Record<WorkClass, readonly number[]> = {
  "async-io": [4, 8, 16, 32, 64, 128, 256],
  "native-pool": [2, 4, 8, 16],
  mixed: [4, 16, 64],
  blocking: [4],
  "js-cpu": [4],
};

function poolSizes(cores: number): number[] {
  const sizes: number[] = [];
  for (let n = 1; n < cores; n *= 2) sizes.push(n);
  return [...sizes, cores];
}
