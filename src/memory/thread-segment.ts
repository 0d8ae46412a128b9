import { SLEEPERS, type Segment, type SegmentState, type Window } from "./segment.ts";

/** Memory of the threads of one process. Sleeping, waking and event-loop waits are the language's own Atomics. */
export class ThreadSegment implements Segment {
  readonly kind = "thread";
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly parked: Map<number, unknown> = new Map<number, unknown>();
  readonly #base: SharedArrayBuffer;
  readonly #extension: SharedArrayBuffer | null;

  private constructor(base: SharedArrayBuffer, extension: SharedArrayBuffer | null) {
    this.#base = base;
    this.#extension = extension;
    this.words = new Int32Array(base);
    this.bytes = new Uint8Array(base);
  }

  /** With `growable`, address space (not memory) is set aside for what the segment may become. */
  static create(byteLength: number, growable: boolean): ThreadSegment {
    const extension = growable ? new SharedArrayBuffer(0, { maxByteLength: LARGEST_EXTENSION }) : null;
    return new ThreadSegment(new SharedArrayBuffer(byteLength), extension);
  }

  /** One segment object per buffer and thread, so that the waiters of a thread find each other. */
  static from(state: SegmentState & { kind: "thread" }): ThreadSegment {
    const known = segments.get(state.base);
    if (known !== undefined) return known;
    return new ThreadSegment(state.base, state.extension).#remember();
  }

  sleep(word: number, expected: number, milliseconds: number): void {
    Atomics.wait(this.words, word, expected, milliseconds);
  }

  wake(word: number, count: number): void {
    Atomics.notify(this.words, word, count);
  }

  loopBit(): number {
    return SLEEPERS;
  }

  arm(word: number, expected: number, rung: () => void): boolean {
    const wait = Atomics.waitAsync(this.words, word, expected);
    if (!wait.async) return false;
    void wait.value.then(rung);
    return true;
  }

  disarm(): void {}

  ring(): void {}

  grow(byteLength: number): void {
    const wanted = byteLength - this.#base.byteLength;
    if (this.#extension !== null && this.#extension.byteLength < wanted) this.#extension.grow(wanted);
  }

  window(offset: number, length: number): Window {
    const start = offset - this.#base.byteLength;
    return {
      bytes: new Uint8Array(this.#extension!, start, length),
      words: new Int32Array(this.#extension!, start, length >> 2),
    };
  }

  discard(): void {}

  ship(): SegmentState {
    this.#remember();
    return { kind: "thread", base: this.#base, extension: this.#extension };
  }

  #remember(): this {
    segments.set(this.#base, this);
    return this;
  }
}

const LARGEST_EXTENSION = 2 ** 33;
/** A buffer that comes back to a thread as a new object for the same memory gets a segment of its own, which is harmless. */
const segments = new WeakMap<SharedArrayBuffer, ThreadSegment>();
