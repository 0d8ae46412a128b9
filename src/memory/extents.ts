import type { Block } from "./block.ts";
import type { Window } from "./segment.ts";

/**
 * The memory of a ring: one extent to begin with, and a larger one behind it whenever that was too small. A sealed
 * extent is read to its end and never written again; its memory goes back to the system.
 *
 * Per extent 32 words, `tail | sealed | first page | units` and, a cache line further, `head`. Positions count units of
 * 8 bytes and wrap at 2^32; sizes are powers of two, so that the place of a position is a mask.
 */
export interface Extent extends Window {
  /** The same bytes, with the text methods of Buffer. */
  readonly bytes: Buffer;
  readonly index: number;
  /** Words of the table that hold this extent's positions. */
  readonly tail: number;
  readonly head: number;
  readonly sealed: number;
  readonly mask: number;
  readonly units: number;
}

export class Extents {
  readonly #block: Block;
  readonly #table: number;
  readonly #known = new Map<number, Extent>();

  /** `table`: the word of the block where the table begins. */
  constructor(block: Block, table: number) {
    this.#block = block;
    this.#table = table;
  }

  /** Enters the first extent: what follows the control words in the block itself. */
  init(firstByte: number, byteLength: number): void {
    this.#enter(0, (this.#block.offset + firstByte) / PAGE, byteLength / UNIT);
  }

  at(index: number): Extent {
    return this.#known.get(index) ?? this.#open(index);
  }

  /** Adds an extent after `last` with room for `units`, at least twice as large. Legal under the put lock only. */
  extend(last: Extent, units: number): void {
    const size = Math.max(last.units * 2, 2 ** Math.ceil(Math.log2(units + 1)), (MAP_STEP * PAGE) / UNIT);
    const words = this.#block.words;
    const at = this.#row(last.index);
    const start = this.#roundUp(words[at + PAGE_NUMBER]! + Math.ceil((last.units * UNIT) / PAGE));
    this.#block.segment.grow(start * PAGE + size * UNIT);
    this.#enter(last.index + 1, start, size);
    Atomics.store(words, last.sealed, 1);
  }

  /** Drops this thread's view of an extent it will not touch again. */
  close(extent: Extent): void {
    this.#known.delete(extent.index);
  }

  /** The last reader has gone on to the next extent. */
  forget(extent: Extent): void {
    this.close(extent);
    const page = this.#block.words[this.#row(extent.index) + PAGE_NUMBER]!;
    if (extent.index > 0) this.#block.segment.discard(page * PAGE, extent.units * UNIT);
  }

  #roundUp(page: number): number {
    return Math.ceil(page / MAP_STEP) * MAP_STEP;
  }

  #enter(index: number, page: number, units: number): void {
    const { words } = this.#block;
    const at = this.#row(index);
    for (let i = 0; i < ROW; i++) words[at + i] = 0;
    words[at + PAGE_NUMBER] = page;
    words[at + UNITS] = units | 0;
    this.#known.delete(index);
  }

  #open(index: number): Extent {
    const { words, segment, offset } = this.#block;
    const at = this.#row(index);
    const units = words[at + UNITS]! >>> 0;
    const start = words[at + PAGE_NUMBER]! * PAGE;
    const window = index === 0 ? this.#inside(start - offset, units) : segment.window(start, units * UNIT);
    const extent: Extent = {
      words: window.words,
      bytes: Buffer.from(
        window.bytes.buffer as ArrayBuffer,
        window.bytes.byteOffset,
        window.bytes.byteLength,
      ),
      index,
      units,
      mask: units - 1,
      tail: at + TAIL,
      sealed: at + SEALED,
      head: at + HEAD,
    };
    this.#known.set(index, extent);
    return extent;
  }

  #inside(firstByte: number, units: number): Window {
    const { bytes, words } = this.#block;
    return {
      bytes: bytes.subarray(firstByte, firstByte + units * UNIT),
      words: words.subarray(firstByte / 4, (firstByte + units * UNIT) / 4),
    };
  }

  #row(index: number): number {
    return this.#table + (index % EXTENTS) * ROW;
  }
}

export const UNIT = 8;
/** Rows in the table; sizes double, so that a queue would have to hold terabytes to need them all at once. */
const EXTENTS = 32;
const ROW = 32;
export const TABLE_WORDS: number = EXTENTS * ROW;

const TAIL = 0;
const SEALED = 1;
const PAGE_NUMBER = 2;
const UNITS = 3;
const HEAD = 16;
const PAGE = 4096;
/** Mappings begin at multiples of the largest page size in use (64 KiB on some arm64 systems). */
const MAP_STEP = 16;
