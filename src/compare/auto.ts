import { availableParallelism } from "node:os";
import { ship } from "../closures/index.ts";
import { requireFunction, requireInteger, requireSignal } from "../core/index.ts";
import type { AnyIterable } from "../futures/index.ts";
import { chooseModel } from "./choose.ts";
import { classify } from "./classify.ts";
import { openExecutor } from "./executors.ts";
import { now as readTime, readCounters } from "./measure/counters.ts";
import type { Classification, Model } from "./types.ts";

export interface AutoOptions {
  /** Most threads to use; default: the number of cores. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Told once what was chosen, and why; not called when the inputs end before that. */
  readonly onChoice?: (choice: AutoChoice) => void;
}

export interface AutoChoice {
  readonly model: Model;
  readonly reason: string;
  readonly classification: Classification;
  /** Inputs that had been run, one after the other, when the choice was made. */
  readonly after: number;
}

/** Picks the model by itself, from how the first inputs behave. */
export const auto: {
  /**
   * Results in the order of the inputs, each input run exactly once. It begins with a plain loop; once that has shown
   * what kind of work it is, and that more of it is left than workers cost to start, the rest runs on the event loop
   * or in threads. What cannot be shipped to a thread stays here. The first error ends the iteration.
   *
   * Takes a few tens of milliseconds to decide; `compare` measures instead of guessing. For a fixed choice use an
   * executor's own `map`.
   */
  map<T, R>(
    fn: (item: T) => R,
    inputs: AnyIterable<T>,
    options?: AutoOptions,
  ): AsyncIterableIterator<Awaited<R>>;
} = {
  map(fn, inputs, options = {}) {
    requireFunction("fn", fn);
    if (options.workers !== undefined) requireInteger("workers", options.workers, 1, 1024);
    requireSignal("signal", options.signal);
    return autoMap(fn, inputs, options);
  },
};

/** The loop is watched for this many seconds before the first choice; then again each time it has doubled. */
const WATCH_SECONDS = 0.05;

async function* autoMap<T, R>(
  fn: (item: T) => R,
  inputs: AnyIterable<T>,
  options: AutoOptions,
): AsyncGenerator<Awaited<R>, void, undefined> {
  const source = iteratorOf(inputs);
  const total = sizeOf(inputs);
  const before = readCounters([]);
  let done = 0;
  let watchUntil = before.time + WATCH_SECONDS;
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const step = await source.next();
      if (step.done === true) return;
      yield await fn(step.value);
      done++;
      const after = readTime();
      if (after < watchUntil) continue;
      const choice = choose(fn, before, done, total === undefined ? undefined : total - done, options);
      if (choice !== undefined) {
        options.onChoice?.(choice);
        yield* runRest(fn, source, choice.model, options);
        return;
      }
      watchUntil = after + (after - before.time);
    }
  } finally {
    await source.return?.();
  }
}

/** Undefined while a plain loop is still the right way; it is asked again later. */
function choose(
  fn: (item: never) => unknown,
  before: ReturnType<typeof readCounters>,
  done: number,
  remaining: number | undefined,
  options: AutoOptions,
): AutoChoice | undefined {
  const now = readCounters([]);
  const wall = now.time - before.time;
  const classification = classify({
    wall,
    cpu: now.cpu - before.cpu,
    loopActive: now.loopActive - before.loopActive,
    runQueueWait: (now.mainWait ?? 0) - (before.mainWait ?? 0),
  });
  const choice = chooseModel({
    classification,
    taskTime: wall / done,
    // Nobody knows how long endless inputs go on; as long again as until now is the fair guess.
    remaining: remaining ?? done,
    cores: options.workers ?? availableParallelism(),
    shippable: () => isShippable(fn),
  });
  return choice === undefined ? undefined : { ...choice, classification, after: done };
}

async function* runRest<T, R>(
  fn: (item: T) => R,
  source: AsyncIterator<T> | Iterator<T>,
  model: Model,
  options: AutoOptions,
): AsyncGenerator<Awaited<R>, void, undefined> {
  const executor = openExecutor(model);
  try {
    yield* executor.map(fn, goOnWith(source), { signal: options.signal });
  } finally {
    await executor.shutdown({ cancelFutures: true });
  }
}

/** What is left of inputs that somebody has begun to read; closed by whoever began. */
async function* goOnWith<T>(source: AsyncIterator<T> | Iterator<T>): AsyncGenerator<T> {
  for (;;) {
    const step = await source.next();
    if (step.done === true) return;
    yield step.value;
  }
}

function isShippable(fn: (item: never) => unknown): boolean {
  try {
    ship(fn, { to: "thread" });
    return true;
  } catch {
    return false;
  }
}

function iteratorOf<T>(inputs: AnyIterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
}

function sizeOf(inputs: object): number | undefined {
  if (Array.isArray(inputs) || ArrayBuffer.isView(inputs)) return (inputs as unknown[]).length;
  return inputs instanceof Set || inputs instanceof Map ? inputs.size : undefined;
}
