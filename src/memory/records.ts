import type { Block } from "./block.ts";
import { type Extent, Extents, TABLE_WORDS, UNIT } from "./extents.ts";

/** Copies a message's bytes to where they belong. */
export type Write = (target: Buffer, offset: number) => void;
/** Makes a message of its bytes. The bytes are overwritten afterwards: what is to stay must be copied. */
export type Read<T> = (source: Buffer, offset: number, length: number, kind: number) => T;

/**
 * The messages of a ring as they lie in its extents: a header of 8 bytes (length, kind), then the bytes. Knows nothing
 * of waiting or of others who write at the same time: whoever appends holds the ring's put lock, whoever takes its get
 * lock. One store moves `tail` over a message and so puts it, one store moves `head` over it and so takes it.
 */
export class Records {
  readonly #words: Int32Array;
  readonly #extents: Extents;
  readonly #maxUnits: number;

  constructor(block: Block) {
    this.#words = block.words;
    this.#extents = new Extents(block, TABLE);
    this.#maxUnits = this.#words[MAX_UNITS]!;
  }

  /** Lays out a fresh block of `RING_BYTES`. `maxBytes`: 0 for a ring that grows. */
  static init(block: Block, maxBytes: number): void {
    block.words[MAX_UNITS] = Math.ceil(maxBytes / UNIT);
    new Extents(block, TABLE).init(CONTROL_BYTES, FIRST_EXTENT);
  }

  /** Whether a message could be taken now. */
  get ready(): boolean {
    const words = this.#words;
    const extent = this.#extents.at(Atomics.load(words, READ_EXTENT));
    return (
      Atomics.load(words, extent.head) !== Atomics.load(words, extent.tail) ||
      Atomics.load(words, extent.sealed) === 1
    );
  }

  get bounded(): boolean {
    return this.#maxUnits > 0;
  }

  /**
   * Appends a message if there is room and calls `counted` just before the store that makes it exist. With `grow`, an
   * unbounded ring makes room.
   */
  append(length: number, kind: number, write: Write, grow: boolean, counted: () => void): boolean {
    const units = 1 + Math.ceil(length / UNIT);
    const extent = this.#writeExtent();
    // A message of more than half an extent may find no room even in an empty one: it must not be split at the end.
    const tooLarge = units > extent.units >> 1;
    if (!tooLarge && this.#store(extent, units, length, kind, write, counted)) return true;
    if (tooLarge ? this.bounded && this.ready : this.bounded || !grow) return false;
    this.#extents.extend(extent, units * 2);
    return this.#store(this.#writeExtent(), units, length, kind, write, counted);
  }

  /** Takes the first message, and then calls `counted`; undefined when there is none. */
  take<T>(read: Read<T>, counted: () => void): { readonly value: T } | undefined {
    const words = this.#words;
    const extent = this.#readExtent();
    if (extent === undefined) return undefined;
    let head = words[extent.head]!;
    let at = (head & extent.mask) >>> 0;
    if (extent.words[at * 2 + 1] === SKIP) {
      head = (head + extent.units - at) | 0;
      at = 0;
    }
    const length = extent.words[at * 2]! >>> 0;
    const value = read(extent.bytes, (at + 1) * UNIT, length, extent.words[at * 2 + 1]!);
    Atomics.store(words, extent.head, (head + 1 + Math.ceil(length / UNIT)) | 0);
    counted();
    return { value };
  }

  /**
   * Whether so much is free that producers that wait should be woken. Waking one for the room of a single message would
   * have producer and consumer take turns in sleeping; a producer that would fit earlier looks for itself soon.
   */
  get roomy(): boolean {
    const extent = this.#extents.at(this.#words[READ_EXTENT]!);
    const used = (Atomics.load(this.#words, extent.tail) - Atomics.load(this.#words, extent.head)) >>> 0;
    return used * 2 <= this.#limit(extent);
  }

  /** How many messages there are. Called while nobody appends or takes. */
  count(): number {
    let count = 0;
    for (let index = this.#words[READ_EXTENT]!; ; index++) {
      const extent = this.#extents.at(index);
      for (let position = this.#words[extent.head]!; position !== this.#words[extent.tail];) {
        const at = (position & extent.mask) >>> 0;
        if (extent.words[at * 2 + 1] === SKIP) position = (position + extent.units - at) | 0;
        else {
          position = (position + 1 + Math.ceil((extent.words[at * 2]! >>> 0) / UNIT)) | 0;
          count++;
        }
      }
      if (Atomics.load(this.#words, extent.sealed) === 0) return count;
    }
  }

  #store(
    extent: Extent,
    units: number,
    length: number,
    kind: number,
    write: Write,
    counted: () => void,
  ): boolean {
    const words = this.#words;
    const tail = words[extent.tail]!;
    const used = (tail - Atomics.load(words, extent.head)) >>> 0;
    const at = (tail & extent.mask) >>> 0;
    const toEnd = extent.units - at;
    // An empty extent is written from its beginning again, which is still in the processor's cache.
    const rewind = used === 0 && at >= HOT_UNITS;
    const skip = toEnd < units || rewind ? toEnd : 0;
    if (used + skip + units > (used > 0 ? this.#limit(extent) : extent.units)) return false;
    if (skip > 0) extent.words[at * 2 + 1] = SKIP;
    const start = skip > 0 ? 0 : at;
    extent.words[start * 2] = length | 0;
    extent.words[start * 2 + 1] = kind;
    write(extent.bytes, (start + 1) * UNIT);
    counted();
    Atomics.store(words, extent.tail, (tail + skip + units) | 0);
    return true;
  }

  #limit(extent: Extent): number {
    return this.bounded ? Math.min(this.#maxUnits, extent.units) : extent.units;
  }

  #writeExtent(): Extent {
    for (;;) {
      const extent = this.#extents.at(Atomics.load(this.#words, WRITE_EXTENT));
      if (Atomics.load(this.#words, extent.sealed) === 0) return extent;
      Atomics.store(this.#words, WRITE_EXTENT, extent.index + 1);
      this.#extents.close(extent);
    }
  }

  /** The extent that holds the next message, or undefined when there is none. */
  #readExtent(): Extent | undefined {
    for (;;) {
      const extent = this.#extents.at(Atomics.load(this.#words, READ_EXTENT));
      const sealed = Atomics.load(this.#words, extent.sealed) === 1;
      if (Atomics.load(this.#words, extent.tail) !== Atomics.load(this.#words, extent.head)) return extent;
      if (!sealed) return undefined;
      Atomics.store(this.#words, READ_EXTENT, extent.index + 1);
      this.#extents.forget(extent);
    }
  }
}

// Words of the control block that are used here; ring.ts has the others.
const WRITE_EXTENT = 13;
const READ_EXTENT = 45;
const MAX_UNITS = 97;
const TABLE = 512;
const CONTROL_BYTES: number = Math.ceil(((TABLE + TABLE_WORDS) * 4) / 4096) * 4096;

/** Fits the second-level cache of today's cores, so that a message is still there when it is read. */
const FIRST_EXTENT = 2 ** 20;
const HOT_UNITS: number = FIRST_EXTENT / 2 / UNIT;
export const RING_BYTES: number = CONTROL_BYTES + FIRST_EXTENT;
/** The kind of the gap before the end of an extent that a message did not fit into, or that was left unused. */
const SKIP = -1;
