import { eventLoopModel, hybridModel, poolModel } from "./plan.ts";
import type { Classification, Model } from "./types.ts";

/** What is known after some inputs have run one after the other. Times in seconds. */
export interface Glimpse {
  readonly classification: Classification;
  readonly taskTime: number;
  readonly remaining: number;
  readonly cores: number;
  /** Whether the function can go to a thread; asked only when it matters. */
  readonly shippable: () => boolean;
}

export interface Chosen {
  readonly model: Model;
  readonly reason: string;
}

/** What it takes to have a thread with the function in it, with room for a machine that is not idle. */
const THREAD_START = 0.1;
/** Below this a task is not worth its share of a message, however many go into one. */
const SMALLEST_TASK = 5e-6;
/** Enough at once to hide waits ten times as long as the work itself, few enough for any server. */
const LEAST_AT_ONCE = 8;
const MOST_AT_ONCE = 64;
/** libuv's pool has this many threads; twice as many calls at once keep it fed. */
const NATIVE_AT_ONCE = 8;
/** Threads that only wait in a blocking call may outnumber the cores. */
const BLOCKING_THREADS = 4;

/** The model for the rest of the inputs, by prediction; undefined while the plain loop remains the best. */
export function chooseModel(glimpse: Glimpse): Chosen | undefined {
  const { classification: found, remaining, cores } = glimpse;
  if (remaining < 2) return undefined;
  switch (found.class) {
    case "async-io":
      return onLoop(atOnce(found.loopBusy), found);
    case "native-pool":
      return onLoop(NATIVE_AT_ONCE, found);
    case "mixed":
      if (cores > 1 && threadsPayOff(glimpse, cores) && glimpse.shippable())
        return {
          model: hybridModel(cores, { inputs: remaining, loopBusy: found.loopBusy }),
          reason: found.reason,
        };
      return onLoop(atOnce(found.loopBusy), found);
    case "blocking":
      return inThreads(glimpse, Math.max(cores, BLOCKING_THREADS));
    case "js-cpu":
      return cores > 1 ? inThreads(glimpse, cores) : undefined;
  }
}

function onLoop(concurrency: number, found: Classification): Chosen {
  return { model: eventLoopModel(concurrency), reason: found.reason };
}

function atOnce(loopBusy: number): number {
  return Math.min(MOST_AT_ONCE, Math.max(LEAST_AT_ONCE, Math.ceil(2 / Math.max(loopBusy, 0.01))));
}

function inThreads(glimpse: Glimpse, wanted: number): Chosen | undefined {
  const workers = Math.min(wanted, glimpse.remaining);
  if (!threadsPayOff(glimpse, workers) || !glimpse.shippable()) return undefined;
  return { model: poolModel("threads", workers), reason: glimpse.classification.reason };
}

function threadsPayOff({ taskTime, remaining }: Glimpse, workers: number): boolean {
  return taskTime >= SMALLEST_TASK && remaining * taskTime * (1 - 1 / workers) > THREAD_START;
}
