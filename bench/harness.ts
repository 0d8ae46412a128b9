import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";

/**
 * How every benchmark here measures: all contestants in one run, taking turns (A B C, then B C A, ...) so that a
 * drift of the machine's speed meets them all alike; the first round is warm-up; medians are quoted with their range.
 */
export interface Contestant {
  readonly name: string;
  /** Does the work once and gives the figure (operations per second, seconds, bytes; the table's `unit` says which). */
  readonly run: () => Promise<number>;
  /** Frees what the contestant holds, after its last turn. */
  readonly close?: () => Promise<void> | void;
}

export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

export interface Table {
  readonly title: string;
  readonly unit: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
}

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
      const figure = await contestant.run();
      if (round >= warmup) samples.get(contestant.name)!.push(figure);
    }
  }
  for (const contestant of contestants) await contestant.close?.();
  const figures = contestants.map((c) => summarise(c.name, samples.get(c.name)!));
  return { title, unit: options.unit, rounds, figures };
}

export function summarise(name: string, samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { name, median, min: sorted[0]!, max: sorted.at(-1)!, samples };
}

/** The figure of one contestant, for ratios. */
export function figure(table: Table, name: string): Figure {
  const found = table.figures.find((f) => f.name === name);
  if (found === undefined) throw new Error(`"${table.title}" has no contestant "${name}"`);
  return found;
}

/** Where the figures come from: they mean nothing without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly date: string;
  /** One-minute load average at the start; above the number of cores the figures are suspect. */
  readonly load: number;
}

export function machine(): Machine {
  const [first, ...rest] = cpus();
  return {
    cpu: first?.model ?? "unknown",
    cores: rest.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    date: new Date().toISOString(),
    load: Number(loadavg()[0]!.toFixed(2)),
  };
}

/** Prints the table as text, each row with its ratio to `reference`. */
export function printTable(table: Table, reference?: string): void {
  const base = reference === undefined ? undefined : figure(table, reference).median;
  console.log(`\n${table.title} (${table.unit}, median of ${table.rounds}, [min .. max])`);
  const width = Math.max(...table.figures.map((f) => f.name.length));
  for (const f of table.figures) {
    const ratio = base === undefined ? "" : `  x${(f.median / base).toFixed(2)}`;
    console.log(
      `  ${f.name.padEnd(width)}  ${short(f.median).padStart(9)}  [${short(f.min)} .. ${short(f.max)}]${ratio}`,
    );
  }
}

export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (size >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  return size >= 10 || size === 0 ? value.toFixed(1) : value.toPrecision(3);
}

/** Writes bench/results/NAME.json, which the docs quote. */
export function writeResults(
  name: string,
  tables: readonly Table[],
  extra: Record<string, unknown> = {},
): string {
  const directory = join(import.meta.dirname, "results");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ machine: machine(), ...extra, tables }, null, 2)}\n`);
  return path;
}
