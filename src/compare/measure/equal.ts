import { isDeepStrictEqual } from "node:util";
import type { Sample } from "./probe.ts";

/** What each input gave, by index: value or error, as the function sees it. */
export function resultsOf(samples: readonly Sample[]): Map<number, Sample> {
  return new Map(samples.map((sample) => [sample.index, sample]));
}

/** The first index at which a pass differs from the reference; null when it agrees everywhere. */
export function firstDifference(
  reference: ReadonlyMap<number, Sample>,
  samples: readonly Sample[],
): number | null {
  let first: number | null = null;
  for (const sample of samples) {
    const expected = reference.get(sample.index);
    if (expected !== undefined && isSame(expected, sample)) continue;
    if (first === null || sample.index < first) first = sample.index;
  }
  return first;
}

function isSame(a: Sample, b: Sample): boolean {
  return a.ok === b.ok && isDeepStrictEqual(a.value, b.value);
}
