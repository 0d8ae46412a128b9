import { addStack, type CallTree, emptyTree } from "../model/call-tree.ts";
import { type Frame, groupFrame } from "../model/frame.ts";
import type { Checkpoint, MemoryProfile, MemoryThread } from "./profile-file.ts";

/**
 * Which moment a report is about: `peak`, when the most was alive; `end`, what was still alive at the end (everything
 * that was allocated, in a profile that counts totals); `leaks`, what is alive at the end and was not yet at half-time.
 */
export type Moment = "peak" | "end" | "leaks";

/** Memory that one stack asked for. */
export interface Allocation {
  readonly thread: MemoryThread;
  /** Outermost first; begins with the program's own outermost function where it has one. */
  readonly stack: readonly Frame[];
  readonly bytes: number;
  /** `heap`: V8's, estimated from samples. `off-heap`: ArrayBuffers and Buffers, approximate. */
  readonly area: "heap" | "off-heap";
}

/** Every allocation of the profile at a moment. */
export function allocationsAt(profile: MemoryProfile, moment: Moment): Allocation[] {
  const stacks = new Stacks(profile);
  return profile.threads.flatMap((thread) => {
    const then = moment === "peak" ? peakOf(thread) : thread.checkpoints.at(-1);
    if (then === undefined) return [];
    const before = moment === "leaks" ? baselineOf(profile, thread) : undefined;
    return [
      ...allocationsOf(thread, "heap", then.heap, before?.heap, stacks),
      ...allocationsOf(thread, "off-heap", then.offHeap, before?.offHeap, stacks),
    ];
  });
}

/** The allocations of one checkpoint. */
export function allocationsIn(profile: MemoryProfile, thread: MemoryThread, at: Checkpoint): Allocation[] {
  const stacks = new Stacks(profile);
  return [
    ...allocationsOf(thread, "heap", at.heap, undefined, stacks),
    ...allocationsOf(thread, "off-heap", at.offHeap, undefined, stacks),
  ];
}

/** The checkpoint in which a thread held most. */
export function peakOf(thread: MemoryThread): Checkpoint | undefined {
  let peak: Checkpoint | undefined;
  for (const checkpoint of thread.checkpoints)
    if (peak === undefined || bytesOf(checkpoint) > bytesOf(peak)) peak = checkpoint;
  return peak;
}

/** What leaks are measured against: the last checkpoint of the first half; undefined when the run was too short. */
function baselineOf(profile: MemoryProfile, thread: MemoryThread): Checkpoint | undefined {
  return thread.checkpoints.findLast((c) => c.kind !== "end" && c.time <= profile.duration / 2);
}

export function bytesOf(checkpoint: Checkpoint): number {
  const sum = (rows: readonly (readonly number[])[]): number => rows.reduce((all, row) => all + row[1]!, 0);
  return sum(checkpoint.heap) + sum(checkpoint.offHeap);
}

export function totalBytes(allocations: readonly Allocation[]): number {
  return allocations.reduce((sum, allocation) => sum + allocation.bytes, 0);
}

/** One function's share. Bytes. */
export interface MemoryRow {
  readonly frame: Frame;
  /** Allocated by the function itself. */
  own: number;
  /** By it and by what it called. */
  total: number;
  /** The part of `own` that lies off the heap. */
  offHeap: number;
}

/** Bytes by function, most own bytes first. */
export function memoryRows(allocations: Iterable<Allocation>): MemoryRow[] {
  const rows = new Map<Frame, MemoryRow>();
  const row = (frame: Frame): MemoryRow => {
    let found = rows.get(frame);
    if (found === undefined) rows.set(frame, (found = { frame, own: 0, total: 0, offHeap: 0 }));
    return found;
  };
  for (const { stack, bytes, area } of allocations) {
    for (const frame of new Set(stack)) row(frame).total += bytes;
    const own = row(stack.at(-1) ?? OUTSIDE);
    own.own += bytes;
    if (stack.length === 0) own.total += bytes;
    if (area === "off-heap") own.offHeap += bytes;
  }
  return [...rows.values()].sort((a, b) => b.own - a.own || b.total - a.total);
}

/** Stands for what was allocated with no function on the stack. */
const OUTSIDE: Frame = { name: "(outside JavaScript)", url: "", line: 0, column: 0, kind: "program" };

export interface MemoryTreeOptions {
  /** A node per thread above the stacks; by default when there is more than one. */
  readonly byThread?: boolean;
}

/** The call tree, in bytes; what lies off the heap stands under a node of its own. */
export function memoryTree(allocations: readonly Allocation[], options: MemoryTreeOptions = {}): CallTree {
  const tree = emptyTree("bytes");
  const threads = new Map<MemoryThread, Frame>();
  for (const { thread } of allocations)
    if (!threads.has(thread)) threads.set(thread, groupFrame(memoryThreadLabel(thread)));
  const byThread = options.byThread ?? threads.size > 1;
  const offHeap = groupFrame("off-heap (approximate)");
  for (const { thread, stack, bytes, area } of allocations) {
    const path = [
      ...(byThread ? [threads.get(thread)!] : []),
      ...(area === "off-heap" ? [offHeap] : []),
      ...stack,
    ];
    addStack(tree, path, bytes);
  }
  return tree;
}

export function memoryThreadLabel({ pid, process, thread, name }: MemoryThread): string {
  return `${process} ${pid}, ${thread === 0 ? "main thread" : `thread ${thread} "${name}"`}`;
}

function* allocationsOf(
  thread: MemoryThread,
  area: Allocation["area"],
  then: Checkpoint["heap"] | Checkpoint["offHeap"],
  before: Checkpoint["heap"] | Checkpoint["offHeap"] | undefined,
  stacks: Stacks,
): Generator<Allocation> {
  const had = new Map<number, number>();
  for (const [stack, bytes] of before ?? []) had.set(stack, (had.get(stack) ?? 0) + bytes);
  const sums = new Map<number, number>();
  for (const [stack, bytes] of then) sums.set(stack, (sums.get(stack) ?? 0) + bytes);
  for (const [stack, bytes] of sums) {
    const grown = bytes - (had.get(stack) ?? 0);
    if (grown > 0) yield { thread, stack: fromProgram(stacks.frames(stack)), bytes: grown, area };
  }
}

/** A stack from the program's outermost function on: how Node came to call it is no news. */
function fromProgram(stack: readonly Frame[]): readonly Frame[] {
  const first = stack.findIndex((frame) => frame.kind === "js" || frame.kind === "wasm");
  return first > 0 ? stack.slice(first) : stack;
}

/** Unfolds the profile's tree of stacks. */
class Stacks {
  readonly #profile: MemoryProfile;
  readonly #unfolded = new Map<number, readonly Frame[]>();

  constructor(profile: MemoryProfile) {
    this.#profile = profile;
  }

  frames(stack: number): readonly Frame[] {
    if (stack < 0) return [];
    let frames = this.#unfolded.get(stack);
    if (frames === undefined) {
      const [parent, frame] = this.#profile.stacks[stack]!;
      frames = [...this.frames(parent), this.#profile.frames[frame]!];
      this.#unfolded.set(stack, frames);
    }
    return frames;
  }
}
