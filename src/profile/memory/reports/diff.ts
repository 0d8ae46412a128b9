import type { Frame } from "../../model/frame.ts";
import { labelOf } from "../../reporters/label.ts";
import { formatBytes } from "../format.ts";
import { type Allocation, memoryRows } from "../views.ts";
import { alignColumns } from "./text.ts";

/** How one function's own bytes changed from one profile to another. */
export interface DiffRow {
  readonly frame: Frame;
  readonly before: number;
  readonly after: number;
}

const ROWS = 30;

/** Functions by how much their own bytes changed, most first. A function is the same when name and file are. */
export function memoryDiff(before: readonly Allocation[], after: readonly Allocation[]): DiffRow[] {
  const rows = new Map<string, { frame: Frame; before: number; after: number }>();
  const add = (allocations: readonly Allocation[], side: "before" | "after"): void => {
    for (const { frame, own } of memoryRows(allocations)) {
      const key = `${frame.name}|${frame.url}`;
      const row = rows.get(key) ?? { frame, before: 0, after: 0 };
      rows.set(key, row);
      row[side] += own;
    }
  };
  add(before, "before");
  add(after, "after");
  return [...rows.values()]
    .filter((row) => row.before !== row.after)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}

export function memoryDiffText(rows: readonly DiffRow[], most: number = ROWS): string {
  const signed = (bytes: number): string => (bytes > 0 ? "+" : "") + formatBytes(bytes);
  return alignColumns(
    [
      ["Change", "Before", "After", "Function (file:line)"],
      ...rows
        .slice(0, most)
        .map((row) => [
          signed(row.after - row.before),
          formatBytes(row.before),
          formatBytes(row.after),
          labelOf(row.frame),
        ]),
    ],
    new Set([3]),
  );
}
