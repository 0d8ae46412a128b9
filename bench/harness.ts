import { setTimeout as delay } from "node:timers/promises";
import { quantity } from "./support/quantity.ts";
import { type Table, figure, summarise } from "./support/table.ts";
import { reachedText, targetText } from "./support/targets.ts";

export { machine } from "./support/machine.ts";
export { short } from "./support/quantity.ts";
export { writeResults } from "./support/results.ts";
export { type Figure, type Table, figure, summarise } from "./support/table.ts";

/**
 * How every benchmark here measures: all contestants in one run, taking turns (A B C, then B C A, ...) so that a
 * drift of the machine's speed meets them all alike; the first round is warm-up; medians are quoted with their range.
 */
export interface Contestant {
  readonly name: string;
  /** Does the work once and gives the figure (operations per second, seconds, bytes; the table's `unit` says which). */
  readonly run: () => Promise<number>;
  /** In place of `run` in rounds of warm-up, where that takes long. */
  readonly warm?: () => Promise<unknown>;
  /** Frees what the contestant holds, after its last turn. */
  readonly close?: () => Promise<void> | void;
}

/** Some peers do not always end when they are closed. */
const CLOSE_MS = 5000;

export interface MeasureOptions {
  readonly unit: string;
  /** Counted rounds; default 7. */
  readonly rounds?: number;
  readonly warmup?: number;
}

export async function measure(
  title: string,
  contestants: readonly Contestant[],
  options: MeasureOptions,
): Promise<Table> {
  const rounds = options.rounds ?? 7;
  const warmup = options.warmup ?? 1;
  const samples = new Map(contestants.map((c) => [c.name, [] as number[]]));
  for (let round = 0; round < warmup + rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length]!;
      // Nobody pays for the garbage of the one before.
      globalThis.gc?.();
      if (round < warmup) await (contestant.warm ?? contestant.run)();
      else samples.get(contestant.name)!.push(await contestant.run());
    }
  }
  for (const { close } of contestants)
    await Promise.race([close?.(), delay(CLOSE_MS, undefined, { ref: false })]);
  const figures = contestants.map((c) => summarise(c.name, samples.get(c.name)!));
  return { title, unit: options.unit, rounds, figures };
}

/** Prints the table as text, each row with its ratio to `reference`, and what its targets came to. */
export function printTable(table: Table, reference?: string): void {
  const base = reference === undefined ? undefined : figure(table, reference).median;
  console.log(`\n${table.title} (${table.unit}, median of ${table.rounds}, [min .. max])`);
  const width = Math.max(...table.figures.map((f) => f.name.length));
  const write = (value: number): string => quantity(value, table.unit);
  for (const f of table.figures) {
    const ratio = base === undefined ? "" : `  x${(f.median / base).toFixed(2)}`;
    console.log(
      `  ${f.name.padEnd(width)}  ${write(f.median).padStart(9)}  [${write(f.min)} .. ${write(f.max)}]${ratio}`,
    );
  }
  for (const it of table.targets ?? []) {
    const verdict = it.met ? "met" : `NOT MET${it.limit === undefined ? "" : `: ${it.limit}`}`;
    const rival = it.against === undefined ? "" : ` over ${it.against}`;
    console.log(
      `  -> ${it.subject}: asked ${targetText(it, write)}, reached ${reachedText(it, write)}${rival}: ${verdict}`,
    );
  }
}
