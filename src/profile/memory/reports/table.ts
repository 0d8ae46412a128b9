import { labelOf } from "../../reporters/label.ts";
import { formatBytes, formatPercent } from "../format.ts";
import { type Allocation, type MemoryRow, memoryRows, totalBytes } from "../views.ts";
import { alignColumns } from "./text.ts";

export type SortColumn = "own" | "total";

export interface TableOptions {
  /** Most rows (default 30). */
  readonly rows?: number;
  /** `own` (default) lists what allocates; `total` also what only calls it. */
  readonly sort?: SortColumn;
}

const ROWS = 30;
const HEAD = ["%Own", "%Total", "Own", "Total", "Off-heap", "Function (file:line)"];
const LEFT: ReadonlySet<number> = new Set([5]);

/** Bytes by function, as text. */
export function memoryTable(allocations: readonly Allocation[], options: TableOptions = {}): string {
  const all = totalBytes(allocations);
  const rows = sortedRows(allocations, options);
  return alignColumns([HEAD, ...rows.map((row) => cells(row, all))], LEFT);
}

/** The same rows as data. */
export function sortedRows(allocations: readonly Allocation[], options: TableOptions = {}): MemoryRow[] {
  const rows = memoryRows(allocations);
  const most = options.rows ?? ROWS;
  if (options.sort !== "total") return rows.filter((row) => row.own > 0).slice(0, most);
  return rows.sort((a, b) => b.total - a.total || b.own - a.own).slice(0, most);
}

function cells(row: MemoryRow, all: number): string[] {
  return [
    formatPercent(row.own, all),
    formatPercent(row.total, all),
    formatBytes(row.own),
    formatBytes(row.total),
    row.offHeap > 0 ? `~${formatBytes(row.offHeap)}` : "",
    labelOf(row.frame),
  ];
}
