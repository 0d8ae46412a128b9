import { type Frame, FrameTable, kindOf } from "../model/frame.ts";
import { SourceMaps } from "../model/source-maps.ts";
import type { Checkpoint, MemoryProfile, MemoryThread } from "./profile-file.ts";
import type { Collecting, RawCheckpoint, RawOffHeap, RawThread, V8AllocationNode } from "./raw.ts";

/** Frames of these are the profiler's own; what it allocates is no news. */
const OWN = /\/profile\/memory\/(preload|helper|script|scripts|off-heap|tracker)\.[jt]s$/;

export interface AssembleOptions extends Collecting {
  readonly command: string;
  readonly notes?: readonly string[];
}

/** One profile out of what was collected in every thread of every process. */
export function assembleMemory(threads: readonly RawThread[], options: AssembleOptions): MemoryProfile {
  const startedAt = Math.min(...threads.map((t) => t.startedAt), Date.now());
  const times = threads.flatMap((t) => [...t.checkpoints, ...t.timeline].map((c) => c.at));
  const stacks = new StackTable();
  const seconds = (at: number): number => Math.max(0, (at - startedAt) / 1000);
  return {
    format: "spool-memory",
    version: 1,
    command: options.command,
    startedAt,
    duration: seconds(Math.max(startedAt, ...times)),
    interval: options.interval,
    counts: options.total ? "total" : "live",
    threads: threads.map((thread) => assembleThread(thread, stacks, seconds)),
    frames: stacks.frames,
    stacks: stacks.stacks,
    notes: options.notes ?? [],
  };
}

function assembleThread(raw: RawThread, stacks: StackTable, seconds: (at: number) => number): MemoryThread {
  const { pid, process, thread, name, nodeVersion } = raw;
  return {
    pid,
    process,
    thread,
    name,
    nodeVersion,
    checkpoints: raw.checkpoints.map((checkpoint) => assembleCheckpoint(checkpoint, stacks, seconds)),
    timeline: raw.timeline.map(({ at, ...sizes }) => ({ time: seconds(at), ...sizes })),
  };
}

function assembleCheckpoint(
  raw: RawCheckpoint,
  stacks: StackTable,
  seconds: (at: number) => number,
): Checkpoint {
  const heap: [number, number][] = [];
  const visit = (node: V8AllocationNode, stack: number): void => {
    if (node.selfSize > 0) heap.push([stack, Math.round(node.selfSize)]);
    for (const child of node.children) {
      const frame = heapFrame(child);
      if (!OWN.test(frame.url)) visit(child, stacks.below(stack, frame));
    }
  };
  visit(raw.head, ROOT);
  return {
    time: seconds(raw.at),
    kind: raw.kind,
    heap,
    offHeap: raw.offHeap.map((group) => [offHeapStack(group, stacks), group.bytes, group.count]),
  };
}

function heapFrame({ callFrame }: V8AllocationNode): Frame {
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  return {
    name: functionName || "(anonymous)",
    url,
    line: lineNumber + 1,
    column: columnNumber + 1,
    kind: kindOf(functionName, url),
  };
}

function offHeapStack({ stack }: RawOffHeap, stacks: StackTable): number {
  let index = ROOT;
  for (const [name, url, line, column] of stack) {
    if (OWN.test(url)) continue;
    const named = name || "(anonymous)";
    index = stacks.below(index, { name: named, url, line, column, kind: kindOf(named, url) });
  }
  return index;
}

const ROOT = -1;

/** Interns frames and stacks, with source maps applied. */
class StackTable {
  readonly frames: Frame[] = [];
  readonly stacks: (readonly [number, number])[] = [];
  readonly #table = new FrameTable();
  readonly #maps = new SourceMaps(this.#table);
  readonly #frameIndex = new Map<Frame, number>();
  readonly #stackIndex = new Map<string, number>();

  /** The stack of `parent` with one frame more. */
  below(parent: number, frame: Frame): number {
    const index = this.#indexOf(this.#maps.map(this.#table.intern(frame)));
    const key = `${parent}:${index}`;
    let stack = this.#stackIndex.get(key);
    if (stack === undefined) {
      stack = this.stacks.push([parent, index]) - 1;
      this.#stackIndex.set(key, stack);
    }
    return stack;
  }

  #indexOf(frame: Frame): number {
    let index = this.#frameIndex.get(frame);
    if (index === undefined) {
      index = this.frames.push(frame) - 1;
      this.#frameIndex.set(frame, index);
    }
    return index;
  }
}
