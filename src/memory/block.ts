import { UnsupportedError } from "../core/index.ts";
import { Point } from "./point.ts";
import { HEADER_BYTES, ProcessSegment } from "./process-segment.ts";
import type { MemoryKind, Segment, SegmentState } from "./segment.ts";
import { ThreadSegment } from "./thread-segment.ts";

/** A piece of a segment that one object lives in. Fresh blocks are zero and aligned to a cache line. */
export class Block {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  constructor(segment: Segment, offset: number, length: number) {
    this.segment = segment;
    this.offset = offset;
    this.bytes = new Uint8Array(segment.bytes.buffer, offset, length);
    this.words = new Int32Array(segment.bytes.buffer, offset, length >> 2);
  }

  point(word: number): Point {
    return new Point(this.segment, (this.offset >> 2) + word);
  }

  /** A block inside this one. */
  part(word: number, words: number): Block {
    return new Block(this.segment, this.offset + word * 4, words * 4);
  }

  /** What `receiveBlock` on the other side needs. `to` says where it goes; memory of threads stays in its process. */
  ship(to: MemoryKind): BlockState {
    if (to === "process" && this.segment.kind === "thread") {
      throw new UnsupportedError(
        "This object lives in memory that only the threads of one process share. " +
          "Make it with the class of the same name from spool/multiprocessing to use it in other processes",
      );
    }
    return { segment: this.segment.ship(), offset: this.offset, length: this.bytes.length };
  }
}

export interface BlockState {
  readonly segment: SegmentState;
  readonly offset: number;
  readonly length: number;
}

export function receiveBlock({ segment, offset, length }: BlockState): Block {
  const shared = segment.kind === "thread" ? ThreadSegment.from(segment) : ProcessSegment.from(segment);
  return new Block(shared, offset, length);
}

/**
 * Takes `length` bytes of memory. Small blocks share a segment; it is freed when none of its blocks is in use any more,
 * so nothing has to be given back by hand.
 */
export function allocate(kind: MemoryKind, length: number): Block {
  const size = align(length);
  if (size > LARGEST_SMALL) return allocateAlone(kind, length);
  let slab = slabs[kind];
  if (slab === undefined || slab.used + size > SLAB_BYTES) slab = slabs[kind] = newSlab(kind);
  const block = new Block(slab.segment, slab.used, length);
  slab.used += size;
  return block;
}

/** A block with a segment of its own, which may grow unless it is `fixed`. */
export function allocateAlone(kind: MemoryKind, length: number, fixed = false): Block {
  const start = kind === "process" ? HEADER_BYTES : 0;
  return new Block(create(kind, start + align(length), !fixed), start, length);
}

const CACHE_LINE = 64;
const SLAB_BYTES = 256 * 1024;
const LARGEST_SMALL = SLAB_BYTES / 8;

interface Slab {
  readonly segment: Segment;
  used: number;
}

const slabs: Partial<Record<MemoryKind, Slab>> = {};

function newSlab(kind: MemoryKind): Slab {
  return { segment: create(kind, SLAB_BYTES, false), used: kind === "process" ? HEADER_BYTES : 0 };
}

function create(kind: MemoryKind, size: number, growable: boolean): Segment {
  return kind === "process" ? ProcessSegment.create(size) : ThreadSegment.create(size, growable);
}

function align(length: number): number {
  return Math.ceil(length / CACHE_LINE) * CACHE_LINE;
}
