import type { ScriptFiles } from "./module-scripts.ts";

/**
 * What is collected in a target, before it is made into a result: V8's own trees, and off-heap allocations by stack.
 * Types only; the programs that run inside targets use them too.
 */

/** A node of V8's allocation tree (the `.heapprofile` format). Lines and columns count from 0. */
export interface V8AllocationNode {
  /** The same in every checkpoint of a thread. */
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  /** Bytes that this function itself allocated, scaled up from the samples. */
  readonly selfSize: number;
  readonly children: readonly V8AllocationNode[];
}

/** Off-heap memory by the stack that asked for it. */
export interface RawOffHeap {
  /** Outermost first: name, url, first line, first column, executing line. */
  readonly stack: readonly (readonly [string, string, number, number, number])[];
  readonly bytes: number;
  readonly count: number;
}

export type CheckpointKind = "periodic" | "peak" | "end";

/** All that was alive (or, when counting totals, all that had been allocated) at one moment. */
export interface RawCheckpoint {
  readonly kind: CheckpointKind;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly head: V8AllocationNode;
  readonly offHeap: readonly RawOffHeap[];
}

/** Sizes at one moment, in bytes. */
export interface RawPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly heapUsed: number;
  /** ArrayBuffers and Buffers of this thread; 0 where V8 does not say. */
  readonly offHeap: number;
  /** Of the whole process. */
  readonly rss: number;
}

/** Everything collected of one thread. */
export interface RawThread {
  readonly pid: number;
  readonly process: string;
  readonly thread: number;
  readonly name: string;
  readonly nodeVersion: string;
  readonly startedAt: number;
  /** The files of its CommonJS modules, where they were noted. */
  readonly modules?: ScriptFiles;
  readonly checkpoints: readonly RawCheckpoint[];
  readonly timeline: readonly RawPoint[];
}

/** How to collect. */
export interface Collecting {
  /** Bytes between two samples: smaller sees more and costs more. */
  readonly interval: number;
  /** Count everything that was allocated, whether or not it is still alive. */
  readonly total: boolean;
  /** Note who allocates ArrayBuffers and Buffers. */
  readonly offHeap: boolean;
}
