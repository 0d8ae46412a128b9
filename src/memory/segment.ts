/** Whom a piece of memory can be shared with: the threads of one process, or processes and all their threads. */
export type MemoryKind = "thread" | "process";

/** Part of a segment, addressable as bytes and as 32-bit words. Offsets inside it start at 0. */
export interface Window {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/**
 * One piece of shared memory. Two kinds stand behind it: a SharedArrayBuffer (threads) and a file in memory that
 * processes map (processes and threads alike). Everything above is written once against this.
 */
export interface Segment extends Window {
  readonly kind: MemoryKind;
  /** Blocks this thread while the word holds `expected`, at most `milliseconds`; may return early. */
  sleep(word: number, expected: number, milliseconds: number): void;
  /** Wakes up to `count` sleepers of the word. */
  wake(word: number, count: number): void;
  /** The bit by which this thread's event loop is called through `rung`, for the waiters word of a point. */
  loopBit(): number;
  /** Has `rung` called in this thread's event loop after the word stops holding `expected`. False: it already has. */
  arm(word: number, expected: number, rung: () => void): boolean;
  /** Takes `rung` back; a call that is already on its way may still come. */
  disarm(rung: () => void): void;
  /** Calls the event loops named by the bits. Only for bits that `loopBit` gave out. */
  ring(bits: number): void;
  /** Makes the segment at least this long; the base window stays as it is. */
  grow(byteLength: number): void;
  /** A window beyond the base, after `grow`. */
  window(offset: number, length: number): Window;
  /** Gives memory beyond the base back to the system where that is possible; it reads as zeros afterwards. */
  discard(offset: number, length: number): void;
  /** What another thread or process needs to reach the same memory. */
  ship(): SegmentState;
  /** Event-loop waiters of this thread, by the word they wait on. */
  readonly parked: Map<number, unknown>;
}

export type SegmentState =
  | {
      readonly kind: "thread";
      readonly base: SharedArrayBuffer;
      readonly extension: SharedArrayBuffer | null;
    }
  | {
      readonly kind: "process";
      readonly pid: number;
      readonly fd: number;
      readonly id: string;
      readonly size: number;
    };

/** Set in a waiters word by those who block their thread, and in thread memory by event loops too. */
export const SLEEPERS = 1;
/** Set by one who has waited so long that newcomers must stand back. */
export const STARVING: number = 1 << 30;
