import type { AnyIterable } from "../../futures/index.ts";
import { serialModel } from "../plan.ts";
import { now } from "./counters.ts";
import type { Task } from "./probe.ts";
import { type Pass, serialRunner } from "./runner.ts";
import { wallOf } from "./summary.ts";

/** Takes at most `most` inputs: endless inputs are legal, and a comparison needs only a sample. */
export async function gather(inputs: AnyIterable<unknown>, most: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for await (const input of inputs) {
    taken.push(input);
    if (taken.length >= most) break;
  }
  return taken;
}

export interface Sampled {
  /** What one repetition runs. */
  readonly inputs: readonly unknown[];
  /** How many of the given inputs were used, and how often each one is run in a repetition. */
  readonly used: number;
  readonly passes: number;
  /** The warm-up run itself: the results that all others are compared with. */
  readonly first: Pass;
}

/** A repetition shorter than this is mostly noise of the clock and the scheduler: its inputs are run several times. */
const SHORTEST_SECONDS = 0.05;
/** But never more tasks than this per second of budget: the models that cross a border for each need their time too. */
const TASKS_PER_SECOND = 300;

/** So many times `least` are worth twice the time: pools with several tasks in flight need tasks to show anything. */
const COMFORTABLE = 8;

/** A comparison costs about as much as this many serial runs (models x repetitions, parallel ones being shorter). */
const SERIAL_RUNS = 30;

/** The serial warm-up: finds how many inputs fit into the budget, but never fewer than `least`. */
export async function sampleSerially(
  fn: Task,
  inputs: readonly unknown[],
  budget: number,
  least: number,
  signal?: AbortSignal,
): Promise<Sampled> {
  const seconds = budget / SERIAL_RUNS;
  const mostTasks = budget * TASKS_PER_SECOND;
  const used = await howManyFit(fn, inputs, seconds, least, signal);
  const chosen = inputs.slice(0, used);
  const runner = serialRunner(serialModel, fn, signal);
  let passes = 1;
  let first = await runner.run(chosen);
  // Twice, because the first estimate is made of code that was not compiled yet.
  for (let estimate = 0; estimate < 2 && wallOf(first) < SHORTEST_SECONDS; estimate++) {
    const wanted = Math.ceil((passes * SHORTEST_SECONDS) / wallOf(first));
    const next = Math.min(wanted, Math.max(1, Math.floor(mostTasks / used)));
    if (next === passes) break;
    passes = next;
    first = await runner.run(repeated(chosen, passes));
  }
  return { inputs: repeated(chosen, passes), used, passes, first };
}

function repeated(inputs: readonly unknown[], passes: number): readonly unknown[] {
  return passes === 1 ? inputs : Array.from({ length: passes }, () => inputs).flat();
}

/** Runs inputs one after the other until the time is up; the calls also warm the function up. */
async function howManyFit(
  fn: Task,
  inputs: readonly unknown[],
  seconds: number,
  least: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const started = now();
  for (let i = 0; i < inputs.length; i++) {
    signal?.throwIfAborted();
    const limit = i < least * COMFORTABLE ? 2 * seconds : seconds;
    if (i >= least && now() - started >= limit) return i;
    try {
      await fn(inputs[i]);
    } catch {
      // The measured passes count failures; here only the time matters.
    }
  }
  return inputs.length;
}
