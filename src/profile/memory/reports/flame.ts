import { toFlameGraph } from "../../reporters/flame.ts";
import { formatBytes } from "../format.ts";
import type { MemoryProfile } from "../profile-file.ts";
import { type Allocation, type MemoryTreeOptions, type Moment, memoryTree, totalBytes } from "../views.ts";

export interface MemoryFlameOptions extends MemoryTreeOptions {
  readonly moment: Moment;
  /** Allocations of an earlier profile: functions are then coloured by how their share changed. */
  readonly before?: readonly Allocation[];
}

const WHAT: Readonly<Record<Moment, string>> = {
  peak: "when most was alive",
  end: "at the end",
  leaks: "alive at the end, and not yet at half-time",
};

/** A flame graph of bytes as one HTML page. */
export function memoryFlamePage(
  profile: MemoryProfile,
  allocations: readonly Allocation[],
  options: MemoryFlameOptions,
): string {
  const what = profile.counts === "total" ? "allocated in all, freed or not" : WHAT[options.moment];
  return toFlameGraph(memoryTree(allocations, options), {
    title: `Memory: ${profile.command}`,
    subtitle: `${formatBytes(totalBytes(allocations))} ${what}; ${new Date(profile.startedAt).toISOString()}, ${profile.duration.toFixed(1)} s, a sample every ${formatBytes(profile.interval)}`,
    notes: profile.notes,
    ...(options.before === undefined ? {} : { before: memoryTree(options.before, options) }),
  });
}
