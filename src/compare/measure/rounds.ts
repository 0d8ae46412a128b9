import { now } from "./counters.ts";
import { firstDifference, resultsOf } from "./equal.ts";
import type { Sample } from "./probe.ts";
import type { Pass, Runner } from "./runner.ts";

/** All passes of one model, and where its results first differed from the serial ones. */
export interface Measured {
  readonly runner: Runner;
  readonly passes: Pass[];
  differsAt: number | null;
}

export interface RoundOptions {
  readonly inputs: readonly unknown[];
  readonly repetitions: number;
  /** On the clock of `now()`; after it no further round begins, but FEWEST always run. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly onPass?: (model: string, round: number) => void;
}

/** Without a second repetition there is no spread to judge by. */
const FEWEST = 2;

/**
 * Runs every model once per round, so that whatever disturbs the machine for a while touches all of them alike; each
 * round begins with another model, so that none always follows the same neighbour.
 */
export async function runRounds(
  measured: readonly Measured[],
  reference: readonly Sample[],
  options: RoundOptions,
): Promise<number> {
  const expected = resultsOf(reference);
  let round = 0;
  while (round < options.repetitions && (round < FEWEST || now() < options.deadline)) {
    for (let i = 0; i < measured.length; i++) {
      options.signal?.throwIfAborted();
      const entry = measured[(i + round) % measured.length]!;
      options.onPass?.(entry.runner.model.name, round + 1);
      const pass = await entry.runner.run(options.inputs);
      entry.differsAt ??= firstDifference(expected, pass.samples);
      entry.passes.push(withoutValues(pass));
    }
    round++;
  }
  return round;
}

/** Results are compared at once and then let go: repetitions times models of them would fill the memory. */
function withoutValues(pass: Pass): Pass {
  return { ...pass, samples: pass.samples.map((sample) => ({ ...sample, value: undefined })) };
}
