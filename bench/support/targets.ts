import type { Figure, Reached, Table } from "./table.ts";
import { figure, summarise } from "./table.ts";

/** What a row is asked for: to be so many times better than the best of other rows, or within a bound. */
export type Target = Ratio | Bound;

interface Ratio {
  readonly subject: string;
  /** The rows it is held against, in words, and how to know them. */
  readonly peers: string;
  readonly against: (name: string) => boolean;
  readonly atLeast: number;
  readonly limit?: string;
}

interface Bound {
  readonly subject: string;
  /** In the unit of the table. */
  readonly atMost: number;
  readonly limit?: string;
}

type Measured = Pick<Table, "title" | "figures" | "better">;

export function evaluate(table: Measured, target: Target): Reached {
  const subject = figure(table, target.subject);
  const limit = target.limit === undefined ? {} : { limit: target.limit };
  if ("atMost" in target) {
    const { median, min, max } = subject;
    const met = median <= target.atMost;
    return { subject: subject.name, asked: target.atMost, reached: median, range: [min, max], met, ...limit };
  }
  const best = bestOf(table, target);
  const ratio = (a: number, b: number): number => (table.better === "lower" ? b / a : a / b);
  const reached = ratio(subject.median, best.median);
  const { min, max } = summarise(
    "ratios",
    subject.samples.map((sample, round) => ratio(sample, best.samples[round]!)),
  );
  return {
    subject: subject.name,
    peers: target.peers,
    against: best.name,
    asked: target.atLeast,
    reached,
    range: [min, max],
    met: reached >= target.atLeast,
    ...limit,
  };
}

function bestOf(table: Measured, { against, peers }: Ratio): Figure {
  const rows = table.figures.filter((row) => against(row.name));
  if (rows.length === 0) throw new Error(`"${table.title}" has no row for ${peers}`);
  const sorted = rows.toSorted((a, b) => b.median - a.median);
  return table.better === "lower" ? sorted.at(-1)! : sorted[0]!;
}

export function targetText({ peers, asked }: Reached, quantity: (value: number) => string): string {
  return peers === undefined ? `at most ${quantity(asked)}` : `${times(asked)} ${peers}`;
}

export function reachedText(it: Reached, quantity: (value: number) => string): string {
  const write = it.peers === undefined ? quantity : times;
  return `${write(it.reached)} [${write(it.range[0])} .. ${write(it.range[1])}]`;
}

function times(ratio: number): string {
  return `${Number(ratio.toFixed(ratio >= 10 ? 1 : 2))}x`;
}
