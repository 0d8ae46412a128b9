import type { Row } from "./types.ts";

/** More than this share of the time without a core, and the figures are the machine's, not the program's. */
const MOST_RUN_QUEUE_WAIT = 0.05;
/** Repetitions further apart than this (range / median) do not agree with each other. */
const MOST_SPREAD = 0.2;
/** A run that keeps this share of all cores busy by itself waits for its own threads, not for other programs. */
const FULL_MACHINE = 0.9;

/** What speaks against trusting the given rows, each with its figure; empty means nothing. */
export function doubtsAbout(rows: readonly Row[], cores: number): string[] {
  const doubts: string[] = [];
  for (const row of new Set(rows)) {
    const wait = foreignWait(row, cores);
    if (wait > 0) {
      doubts.push(
        `${row.model.name}: waited for a core ${percent(wait)} of the time (limit ${percent(MOST_RUN_QUEUE_WAIT)}), other programs use this machine`,
      );
    }
    const spread = spreadOf(row);
    if (spread > MOST_SPREAD) {
      doubts.push(
        `${row.model.name}: repetitions differ by ${percent(spread)} (limit ${percent(MOST_SPREAD)})`,
      );
    }
  }
  return doubts;
}

/** The run-queue wait where it is above the limit and the run's own threads do not explain it; else 0. */
export function foreignWait(row: Row, cores: number): number {
  const wait = row.runQueueWait ?? 0;
  if (wait <= MOST_RUN_QUEUE_WAIT) return 0;
  const coresUsed = row.cpu === null ? 0 : row.cpu / row.wall.median;
  return coresUsed >= FULL_MACHINE * cores ? 0 : wait;
}

/** The wall time that the run would have taken had other programs left it the cores. */
export function ownTime(row: Row, cores: number): number {
  return row.wall.median * (1 - Math.min(LONGEST_WAIT, foreignWait(row, cores)));
}

/** A run that hardly ever got a core says nothing; an estimate from the little it did must not become zero. */
const LONGEST_WAIT = 0.95;

/** Range over median of the wall times. */
function spreadOf(row: Row): number {
  return row.wall.median === 0 ? 0 : (row.wall.max - row.wall.min) / row.wall.median;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}
