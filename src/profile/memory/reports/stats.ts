import { labelOf, shortPath } from "../../reporters/label.ts";
import { formatBytes, formatPercent } from "../format.ts";
import type { MemoryProfile, MemoryThread } from "../profile-file.ts";
import {
  type Allocation,
  allocationsAt,
  bytesOf,
  memoryRows,
  memoryThreadLabel,
  peakOf,
  totalBytes,
} from "../views.ts";
import { alignColumns, sparkline } from "./text.ts";

/** The figures of a profile; what `spool mem stats --json` prints. Bytes and seconds. */
export interface MemoryStats {
  readonly command: string;
  readonly duration: number;
  readonly counts: MemoryProfile["counts"];
  readonly interval: number;
  readonly threads: readonly {
    readonly label: string;
    readonly nodeVersion: string;
    readonly peak: number;
    readonly peakTime: number;
    readonly end: number;
    readonly offHeapAtEnd: number;
    readonly highestHeap: number;
    readonly highestRss: number;
  }[];
  readonly byFunction: readonly { readonly function: string; readonly bytes: number }[];
  readonly byFile: readonly { readonly file: string; readonly bytes: number }[];
  readonly notes: readonly string[];
}

const LISTED = 10;
const SPARK_WIDTH = 60;

export function memoryStats(profile: MemoryProfile, listed: number = LISTED): MemoryStats {
  const allocations = allocationsAt(profile, "peak");
  return {
    command: profile.command,
    duration: profile.duration,
    counts: profile.counts,
    interval: profile.interval,
    threads: profile.threads.map(threadStats),
    byFunction: memoryRows(allocations)
      .filter((row) => row.own > 0)
      .slice(0, listed)
      .map((row) => ({ function: labelOf(row.frame), bytes: row.own })),
    byFile: byFile(allocations).slice(0, listed),
    notes: profile.notes,
  };
}

export function memoryStatsText(profile: MemoryProfile, listed: number = LISTED): string {
  const stats = memoryStats(profile, listed);
  const all = totalBytes(allocationsAt(profile, "peak"));
  const list = (title: string, rows: readonly (readonly [string, number])[]): string =>
    `\n${title}\n${alignColumns(
      rows.map(([name, bytes]) => ["", formatBytes(bytes), formatPercent(bytes, all), name]),
      new Set([0, 3]),
    )}`;
  return [
    `command    ${stats.command}`,
    `duration   ${stats.duration.toFixed(1)} s, a sample every ${formatBytes(stats.interval)}`,
    `counts     ${stats.counts === "live" ? "what was alive" : "all that was allocated, freed or not"}`,
    ...stats.threads.flatMap((thread, i) => threadLines(thread, profile.threads[i]!, profile.counts)),
    list(
      "largest functions",
      stats.byFunction.map((row) => [row.function, row.bytes]),
    ),
    list(
      "largest files",
      stats.byFile.map((row) => [row.file, row.bytes]),
    ),
    ...stats.notes.map((note) => `note: ${note}`),
    "",
  ].join("\n");
}

function threadLines(
  thread: MemoryStats["threads"][number],
  raw: MemoryThread,
  counts: MemoryProfile["counts"],
): string[] {
  const lines = [`\n${thread.label} (Node ${thread.nodeVersion})`];
  if (counts === "live")
    lines.push(`  peak     ${formatBytes(thread.peak)} after ${thread.peakTime.toFixed(1)} s`);
  lines.push(
    `  at end   ${formatBytes(thread.end)}, of it ~${formatBytes(thread.offHeapAtEnd)} off the heap`,
  );
  if (raw.timeline.length > 0) {
    const heap = raw.timeline.map((point) => point.heapUsed);
    lines.push(
      `  heap     ${sparkline(heap, SPARK_WIDTH)} up to ${formatBytes(thread.highestHeap)}, garbage included`,
      `  process  up to ${formatBytes(thread.highestRss)} resident`,
    );
  }
  return lines;
}

function threadStats(thread: MemoryThread): MemoryStats["threads"][number] {
  const peak = peakOf(thread);
  const end = thread.checkpoints.at(-1);
  return {
    label: memoryThreadLabel(thread),
    nodeVersion: thread.nodeVersion,
    peak: peak === undefined ? 0 : bytesOf(peak),
    peakTime: peak?.time ?? 0,
    end: end === undefined ? 0 : bytesOf(end),
    offHeapAtEnd: (end?.offHeap ?? []).reduce((sum, [, bytes]) => sum + bytes, 0),
    highestHeap: Math.max(0, ...thread.timeline.map((point) => point.heapUsed)),
    highestRss: Math.max(0, ...thread.timeline.map((point) => point.rss)),
  };
}

/** Bytes by the file whose function is nearest to the allocation. */
function byFile(allocations: readonly Allocation[]): { file: string; bytes: number }[] {
  const files = new Map<string, number>();
  for (const { stack, bytes } of allocations) {
    const url = stack.findLast((frame) => frame.url !== "")?.url;
    const file = url === undefined ? "(outside JavaScript)" : shortPath(url);
    files.set(file, (files.get(file) ?? 0) + bytes);
  }
  return [...files].map(([file, bytes]) => ({ file, bytes })).sort((a, b) => b.bytes - a.bytes);
}
