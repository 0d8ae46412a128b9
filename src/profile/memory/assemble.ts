import { pathToFileURL } from "node:url";
import { type Frame, FrameTable, kindOf } from "../model/frame.ts";
import { SourceMaps } from "../model/source-maps.ts";
import { OWN_URL } from "../model/v8-profile.ts";
import { type FunctionPlace, functionPlaces } from "./function-places.ts";
import type { Checkpoint, MemoryProfile, MemoryThread } from "./profile-file.ts";
import type { Collecting, RawCheckpoint, RawOffHeap, RawThread, V8AllocationNode } from "./raw.ts";

/** The profiler's own work inside the program; what it allocates, directly or through Node, is no news. */
const OWN_WORK = /\/profile\/memory\/(preload|helper|script|scripts|tracker)\.[jt]s$/;
/** Functions of the profiler through which the program does its own work. */
const OWN_WRAPPER = /\/profile\/memory\/(off-heap|limit|module-scripts)\.[jt]s$/;

function isOwn(url: string): boolean {
  return url.startsWith(OWN_URL) || OWN_WRAPPER.test(url) || OWN_WORK.test(url);
}

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
  const places = new Places(raw);
  return {
    pid,
    process,
    thread,
    name,
    nodeVersion,
    checkpoints: raw.checkpoints.map((checkpoint) => assembleCheckpoint(checkpoint, places, stacks, seconds)),
    timeline: raw.timeline.map(({ at, ...sizes }) => ({ time: seconds(at), ...sizes })),
  };
}

function assembleCheckpoint(
  raw: RawCheckpoint,
  places: Places,
  stacks: StackTable,
  seconds: (at: number) => number,
): Checkpoint {
  const heap: [number, number][] = [];
  const visit = (node: V8AllocationNode, parent: number, caller?: Frame): void => {
    const frame = places.frameOf(node, caller);
    if (OWN_WORK.test(frame.url)) return;
    const own = isOwn(frame.url);
    const stack = own || node === raw.head ? parent : stacks.below(parent, frame);
    if (node.selfSize > 0 && !own) heap.push([stack, Math.round(node.selfSize)]);
    for (const child of node.children) visit(child, stack, frame);
  };
  visit(raw.head, ROOT);
  return {
    time: seconds(raw.at),
    kind: raw.kind,
    heap,
    offHeap: raw.offHeap.map((group) => [offHeapStack(group, stacks), group.bytes, group.count]),
  };
}

type CallFrame = V8AllocationNode["callFrame"];

/**
 * Where functions are. V8 forgets that of a script once none of its functions is alive, as is common at the end of a
 * program. But an earlier checkpoint may have it; else the module's own text tells.
 */
class Places {
  readonly #known = new Map<string | number, CallFrame>();
  readonly #modules: ReadonlyMap<string, string>;
  readonly #read = new Map<string, ReadonlyMap<string, FunctionPlace | undefined>>();

  constructor({ checkpoints, modules = [] }: RawThread) {
    this.#modules = new Map(modules);
    const learn = (node: V8AllocationNode): void => {
      if (node.callFrame.url !== "") {
        this.#known.set(node.id, node.callFrame);
        this.#known.set(nameIn(node.callFrame), node.callFrame);
      }
      node.children.forEach(learn);
    };
    for (const { head } of checkpoints) learn(head);
  }

  frameOf({ id, callFrame }: V8AllocationNode, caller?: Frame): Frame {
    const found =
      callFrame.url === ""
        ? (this.#known.get(id) ?? this.#known.get(nameIn(callFrame)) ?? this.#inModule(callFrame, caller))
        : callFrame;
    const url = urlOf(found.url);
    return {
      name: found.functionName || "(anonymous)",
      url,
      line: found.lineNumber + 1,
      column: found.columnNumber + 1,
      kind: kindOf(found.functionName, url),
    };
  }

  #inModule(lost: CallFrame, caller: Frame | undefined): CallFrame {
    const url = this.#modules.get(lost.scriptId);
    if (url === undefined) return lost;
    // The module itself, as the loader calls it, begins at its first character.
    const itself = lost.functionName === "" && caller?.url === LOADER;
    const place = itself ? { line: 0, column: 0 } : this.#placesIn(url).get(lost.functionName);
    return { ...lost, url, lineNumber: place?.line ?? -1, columnNumber: place?.column ?? -1 };
  }

  #placesIn(path: string): ReadonlyMap<string, FunctionPlace | undefined> {
    let places = this.#read.get(path);
    if (places === undefined) this.#read.set(path, (places = functionPlaces(path)));
    return places;
  }
}

/** Where Node calls the function that a CommonJS module is. */
const LOADER = "node:internal/modules/cjs/loader";

/** Identifies a function well enough where its position is lost. */
function nameIn({ scriptId, functionName }: CallFrame): string {
  return `${scriptId} ${functionName}`;
}

function urlOf(path: string): string {
  return path.startsWith("/") ? pathToFileURL(path).href : path;
}

function offHeapStack({ stack }: RawOffHeap, stacks: StackTable): number {
  let index = ROOT;
  for (const [name, url, line, column] of stack) {
    if (isOwn(url)) continue;
    const named = name || "(anonymous)";
    index = stacks.below(
      index,
      stacks.sameLine({ name: named, url, line, column, kind: kindOf(named, url) }),
    );
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
  readonly #byLine = new Map<string, Frame>();
  readonly #frameIndex = new Map<Frame, number>();
  readonly #stackIndex = new Map<string, number>();

  /**
   * The frame that V8's sampler gave to this function, where it did: call sites give a function's first column
   * otherwise than the sampler does.
   */
  sameLine(frame: Frame): Frame {
    return this.#byLine.get(lineKey(frame)) ?? frame;
  }

  /** The stack of `parent` with one frame more. */
  below(parent: number, frame: Frame): number {
    if (!this.#byLine.has(lineKey(frame))) this.#byLine.set(lineKey(frame), frame);
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

function lineKey({ name, url, line }: Frame): string {
  return `${name}|${url}|${line}`;
}
