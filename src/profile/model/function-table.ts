import { isIdle } from "./call-tree.ts";
import type { Frame } from "./frame.ts";
import type { Sample } from "./sample.ts";

/** One function's share, as `spool top` lists it. Seconds. */
export interface FunctionRow {
  readonly frame: Frame;
  /** Spent in the function itself. */
  own: number;
  /** Spent in it or in what it called; a recursive function counts once per stack. */
  total: number;
}

export interface TableOptions {
  /** Count waiting too (default false). */
  readonly idle?: boolean;
  /** Rows that are to be one: gives the frame under which another is counted. */
  readonly as?: (frame: Frame) => Frame;
}

/** Own and total time of every function that appears in the samples; waiting is left out unless asked for. */
export function functionTable(samples: Iterable<Sample>, options: TableOptions = {}): FunctionRow[] {
  const as = options.as ?? ((frame: Frame) => frame);
  const rows = new Map<Frame, FunctionRow>();
  for (const sample of samples) {
    if (options.idle !== true && isIdle(sample)) continue;
    for (const frame of new Set(sample.stack.map(as))) row(rows, frame).total += sample.weight;
    const leaf = sample.stack.at(-1);
    if (leaf !== undefined) row(rows, as(leaf)).own += sample.weight;
  }
  return [...rows.values()].sort((a, b) => b.own - a.own || b.total - a.total);
}

function row(rows: Map<Frame, FunctionRow>, frame: Frame): FunctionRow {
  let found = rows.get(frame);
  if (found === undefined) {
    found = { frame, own: 0, total: 0 };
    rows.set(frame, found);
  }
  return found;
}
