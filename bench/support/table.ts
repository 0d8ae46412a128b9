import type { Machine } from "./machine.ts";

/** What one contestant reached: the median of its rounds, with their range. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

export interface Table {
  /** Its name in the file of results; default: made from the title. */
  readonly key?: string;
  readonly title: string;
  readonly unit: string;
  readonly better?: "higher" | "lower";
  readonly rounds: number;
  /** Tables that were measured at different times have a machine each; the others share that of the file. */
  readonly machine?: Machine;
  readonly figures: readonly Figure[];
  readonly targets?: readonly Reached[];
}

/** A target and what came of it. */
export interface Reached {
  readonly subject: string;
  /** Which rows the subject was held against, in words; absent for a bound that stands by itself. */
  readonly peers?: string;
  /** The best of those rows. */
  readonly against?: string;
  /** How many times better than the peers, or the bound, in the unit of the table. */
  readonly asked: number;
  readonly reached: number;
  /** Of the single rounds. */
  readonly range: readonly [number, number];
  readonly met: boolean;
  /** What bounds it, where that is known. */
  readonly limit?: string;
}

export function summarise(name: string, samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { name, median, min: sorted[0]!, max: sorted.at(-1)!, samples };
}

/** The figure of one contestant, for ratios. */
export function figure(table: Pick<Table, "title" | "figures">, name: string): Figure {
  const found = table.figures.find((f) => f.name === name);
  if (found === undefined) throw new Error(`"${table.title}" has no contestant "${name}"`);
  return found;
}
