import { ArgumentError } from "../core/index.ts";
import type { AnyIterable } from "../futures/index.ts";
import { conclude } from "./conclude.ts";
import { now } from "./measure/counters.ts";
import type { Task } from "./measure/probe.ts";
import { runRounds } from "./measure/rounds.ts";
import type { Runner } from "./measure/runner.ts";
import { type Sampled, gather, sampleSerially } from "./measure/sample.ts";
import { prepare } from "./prepare.ts";
import { type CompareOptions, validate } from "./settings.ts";
import type { Comparison } from "./types.ts";

/**
 * Runs the same function over the same inputs serially, on the event loop, in threads and in processes, and says
 * which of them suits the work, why, and how sure that is. The function is called many times per input: give it work
 * that may be repeated. `auto.map` decides without repeating anything.
 *
 * Throws an ArgumentError that quotes the function's own error when it fails on every input, and the signal's reason
 * when it fires.
 */
export async function compare<T, R>(
  fn: (item: T) => R,
  inputs: AnyIterable<T>,
  options: CompareOptions = {},
): Promise<Comparison> {
  const settings = validate(fn, options);
  const deadline = now() + settings.budget;
  const all = await gather(inputs, MOST_INPUTS);
  if (all.length === 0) throw new ArgumentError("`inputs` is empty: there is nothing to compare with");
  const task = fn as Task;
  settings.step("serial", 0);
  const least = 2 * settings.cores;
  const sampled = await sampleSerially(task, all, settings.budget, least, settings.signal);
  requireSomeSuccess(sampled);
  const opened: Runner[] = [];
  try {
    const { measured, unable } = await prepare(task, sampled, settings, opened);
    const rounds = await runRounds(measured, sampled.first.samples, {
      inputs: sampled.inputs,
      repetitions: settings.repetitions,
      deadline,
      signal: settings.signal,
      onPass: settings.step,
    });
    return conclude({ all, sampled, rounds, measured, unable, settings });
  } finally {
    await Promise.all(opened.map((runner) => runner.close()));
  }
}

/** Inputs beyond these are not looked at: a comparison needs a sample, not everything. */
const MOST_INPUTS = 10_000;

function requireSomeSuccess(sampled: Sampled): void {
  const failed = sampled.first.samples.filter((sample) => !sample.ok);
  if (failed.length < sampled.first.samples.length) return;
  throw new ArgumentError(
    `The function failed on every input; the first error is ${String(failed[0]!.value)}`,
  );
}
