/**
 * profile/memory - who holds memory, and who asked for it. Python: memray.
 *
 * raw.ts           what is collected in a target; script.ts and scripts.ts, the commands that collect it
 * watch.ts         the sizes over time and the peaks of one thread
 * preload.ts, helper.ts, watcher.ts, off-heap.ts   what runs inside a program under `spool mem run`
 * run.ts, attach.ts (process-memory.ts, thread-memory.ts), tracker.ts, limit.ts   the four ways to record
 * profile-file.ts  the result and its file format; assemble.ts makes it
 * views.ts         allocations at the peak, at the end, or leaked; reports/ shows them
 *
 * Begin with profile-file.ts, then run.ts.
 */
export { type MemoryRecordOptions, type MemoryRecording, attachMemory, startMemory } from "./attach.ts";
export type { MemoryAttachOptions } from "./attach.ts";
export { formatBytes, parseBytes } from "./format.ts";
export { type LimitOptions, limitLeaks, limitMemory } from "./limit.ts";
export {
  type Checkpoint,
  type MemoryProfile,
  type MemoryThread,
  type TimelinePoint,
  readMemoryProfile,
  writeMemoryProfile,
} from "./profile-file.ts";
export { type DiffRow, memoryDiff, memoryDiffText } from "./reports/diff.ts";
export { memoryFlamePage } from "./reports/flame.ts";
export { type MemoryStats, memoryStats, memoryStatsText } from "./reports/stats.ts";
export { type SortColumn, type TableOptions, memoryTable, sortedRows } from "./reports/table.ts";
export { memoryTimelinePage } from "./reports/temporal.ts";
export { sparkline } from "./reports/text.ts";
export { TRANSFORMS, type TransformFormat, transformMemory } from "./reports/transform.ts";
export { type TreeReportOptions, memoryTreeText } from "./reports/tree.ts";
export { type MemoryOptions, type MemoryRun, type MemoryRunOptions, runMemory } from "./run.ts";
export { Tracker, type TrackerOptions } from "./tracker.ts";
export {
  type Allocation,
  type MemoryRow,
  type MemoryTreeOptions,
  type Moment,
  allocationsAt,
  memoryRows,
  memoryTree,
  totalBytes,
} from "./views.ts";
