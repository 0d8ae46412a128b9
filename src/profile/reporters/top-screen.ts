import type { FunctionRow } from "../model/function-table.ts";
import { labelOf } from "./label.ts";

/** Columns by which the table can be ordered, as py-spy numbers them. */
export type SortKey = "own%" | "total%" | "own" | "total";

/** A function's share now, and its time since the counting began. */
export interface TopRow {
  readonly frame: FunctionRow["frame"];
  /** Shares of the last interval, 0 to 1. */
  readonly ownShare: number;
  readonly totalShare: number;
  /** Seconds. */
  readonly own: number;
  readonly total: number;
}

/** A thread or a process: shares of the last interval, 0 to 1. */
export interface TopPart {
  readonly label: string;
  /** Not waiting. */
  readonly share: number;
  /** Collecting garbage. */
  readonly gc: number;
}

/** Everything that `spool top` shows at one moment. */
export interface TopView {
  readonly command: string;
  readonly nodeVersion: string;
  readonly pid: number;
  readonly engine: string;
  readonly samples: number;
  /** Samples per second that were achieved. */
  readonly rate: number;
  /** Milliseconds per refresh for which the target was kept from its work. */
  readonly pause: number;
  /** Shares, 0 to 1: main loops not waiting; garbage collection; any thread not waiting; processors in use. */
  readonly loop: number;
  readonly gc: number;
  readonly active: number;
  readonly cpu: number;
  readonly threads: readonly TopPart[];
  readonly processes: readonly TopPart[];
  readonly heap: number;
  readonly rss: number;
  readonly rows: readonly TopRow[];
  readonly sort: SortKey;
  readonly showThreads: boolean;
  readonly showProcesses: boolean;
  /** Garbage collection thread by thread. */
  readonly showGc: boolean;
  readonly showHelp: boolean;
  readonly message: string;
}

const KEYS = [
  "1 %Own   2 %Total   3 OwnTime   4 TotalTime   sort by that column",
  "l lines or functions    r reset the counts    s save a flame graph",
  "t threads    p processes    g garbage collection by thread",
  "? this help    x close it    q quit",
];

/** The whole screen as lines; `width` and `height` cut it, colours are the caller's. */
export function topScreen(view: TopView, width: number, height: number): string[] {
  const head = header(view);
  const tail = [
    ...(view.showProcesses ? [partLine("Processes", view.processes, "share")] : []),
    ...(view.showThreads ? [partLine("Threads", view.threads, "share")] : []),
    ...(view.showGc ? [partLine("GC", view.threads, "gc")] : []),
    ...(view.showHelp ? KEYS : [view.message || "? help   q quit"]),
  ];
  const room = Math.max(1, height - head.length - tail.length);
  const rows = view.rows.slice(0, room).map(rowText);
  return [...head, ...rows, ...tail].map((line) => (line.length > width ? line.slice(0, width) : line));
}

/** Rows in the order of the chosen column. */
export function sortRows(rows: readonly TopRow[], key: SortKey): TopRow[] {
  const value: Record<SortKey, (row: TopRow) => number> = {
    "own%": (row) => row.ownShare,
    "total%": (row) => row.totalShare,
    own: (row) => row.own,
    total: (row) => row.total,
  };
  return [...rows].sort(
    (a, b) => value[key](b) - value[key](a) || b.totalShare - a.totalShare || b.own - a.own,
  );
}

function header(view: TopView): string[] {
  const mark = (key: SortKey, title: string): string => (view.sort === key ? `*${title}` : title);
  return [
    `Collecting samples from '${view.command}' (node ${view.nodeVersion}, pid ${view.pid})   ${view.engine}`,
    `Total samples ${view.samples}, ${view.rate.toFixed(0)}/s, tool pause ${view.pause.toFixed(1)} ms/refresh`,
    `Loop: ${percent(view.loop)}, GC: ${percent(view.gc)}, Active: ${percent(view.active)}, ` +
      `CPU: ${percent(view.cpu)}, Threads: ${view.threads.length}` +
      `${view.processes.length > 1 ? `, Processes: ${view.processes.length}` : ""}` +
      `${view.heap > 0 ? `, Heap: ${megabytes(view.heap)}` : ""}, RSS: ${megabytes(view.rss)}`,
    "",
    `${mark("own%", "%Own").padStart(8)}${mark("total%", "%Total").padStart(9)}` +
      `${mark("own", "OwnTime").padStart(10)}${mark("total", "TotalTime").padStart(11)}  Function (file:line)`,
  ];
}

function rowText(row: TopRow): string {
  return (
    `${`${(row.ownShare * 100).toFixed(2)}%`.padStart(8)}${`${(row.totalShare * 100).toFixed(2)}%`.padStart(9)}` +
    `${`${row.own.toFixed(2)}s`.padStart(10)}${`${row.total.toFixed(2)}s`.padStart(11)}  ${labelOf(row.frame)}`
  );
}

function partLine(title: string, parts: readonly TopPart[], share: "share" | "gc"): string {
  return `${title}: ${parts.map((part) => `${part.label} ${percent(part[share])}`).join(" | ")}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share >= 0.995 ? 0 : 1)}%`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
