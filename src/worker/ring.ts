import {
  type Block,
  type BlockState,
  type MemoryKind,
  allocateAlone,
  receiveBlock,
} from "../memory/index.ts";
import { Op, type Receive } from "./protocol.ts";
import type { StartCount } from "./start-count.ts";
import { ValueReader } from "./value-reader.ts";
import { ValueWriter } from "./value-writer.ts";

/**
 * Records in shared memory, from one thread or process to one other.
 *
 *   tail (where the writer is) | head (where the reader is) | parked (the reader has gone to sleep) | records
 *
 * A record is `length << 8 | op`, the id, and the two values. It lies in one piece: behind the last word at which a
 * record may begin there is room for one more, and the next record begins at the first word again. What was written
 * is seen by the reader when `publish` has moved the tail; a writer that dies before has written nothing.
 */
export class RingWriter {
  readonly #words: Int32Array;
  readonly #values: ValueWriter;
  /** Where the next record goes; ahead of the published tail by what is not yet published. */
  #at = FIRST;
  /** Where the reader was when we last looked. */
  #head = FIRST;
  #published = FIRST;

  constructor(block: Block) {
    this.#words = block.words;
    this.#values = new ValueWriter(block);
    Atomics.compareExchange(this.#words, TAIL, 0, FIRST);
  }

  /** False when there is no room, or a value is not for the ring: then nothing has been written. */
  write(op: Op, id: number, a: unknown, b: unknown): boolean {
    if (!this.#hasRoom()) return false;
    const at = this.#at;
    const values = this.#values;
    values.begin(at + HEADER, at + LONGEST);
    try {
      if (values.write(a) && (op === Op.RUN && Array.isArray(b) ? values.writeList(b) : values.write(b))) {
        this.#append(op, id, values.at);
        return true;
      }
    } catch {
      // A getter threw; whoever sends the value by other means will meet that again, and report it.
    }
    values.undo();
    return false;
  }

  /** There is always room for this record: the reader is to go on with messages. To be published. */
  close(): void {
    this.#append(Op.SWITCH, 0, this.#at + HEADER);
  }

  /** Lets the reader see what was written; true when it is parked, and has to be told by a message. */
  publish(): boolean {
    if (this.#published === this.#at) return false;
    this.#published = this.#at;
    Atomics.store(this.#words, TAIL, this.#at);
    return Atomics.load(this.#words, PARKED) === 1 && Atomics.exchange(this.#words, PARKED, 0) === 1;
  }

  #append(op: Op, id: number, end: number): void {
    const at = this.#at;
    const next = (end + 1) & ~1;
    this.#words[at] = ((next - at) << 8) | op;
    this.#words[at + 1] = id;
    this.#at = next < END ? next : FIRST;
  }

  /** For the longest record and the closing one behind it. */
  #hasRoom(): boolean {
    if (this.#fits()) return true;
    this.#head = Atomics.load(this.#words, HEAD) || FIRST;
    return this.#fits();
  }

  /** The tail must never come round to the head: that would mean an empty ring. */
  #fits(): boolean {
    const at = this.#at;
    const head = this.#head;
    if (at < head) return at + LONGEST + HEADER < head;
    return at + LONGEST + HEADER < END || head > FIRST + HEADER;
  }
}

export class RingReader {
  readonly #words: Int32Array;
  readonly #values: ValueReader;
  #at = FIRST;

  constructor(block: Block) {
    this.#words = block.words;
    this.#values = new ValueReader(block);
  }

  get empty(): boolean {
    const tail = Atomics.load(this.#words, TAIL);
    return tail === this.#at || tail === 0;
  }

  /** Hands over what has been published up to now, `most` records of it, or up to the closing one; says whether that came. */
  read(receive: Receive, most: number): boolean {
    const tail = Atomics.load(this.#words, TAIL) || FIRST;
    const words = this.#words;
    const values = this.#values;
    let at = this.#at;
    let closed = false;
    while (at !== tail && !closed && most-- > 0) {
      const head = words[at]!;
      const op = head & 0xff;
      const id = words[at + 1]!;
      let a: unknown;
      let b: unknown;
      if (op === Op.SWITCH) closed = true;
      else {
        values.at = at + HEADER;
        a = values.read();
        b = values.read();
      }
      const next = at + (head >> 8);
      at = next < END ? next : FIRST;
      this.#at = at;
      if (!closed) receive(op, id, a, b);
    }
    Atomics.store(words, HEAD, at);
    return closed;
  }

  /** From now on the writer sends a message when it publishes; false when something is there already. */
  park(): boolean {
    Atomics.store(this.#words, PARKED, 1);
    if (this.empty) return true;
    Atomics.store(this.#words, PARKED, 0);
    return false;
  }
}

/** Words of a record's head. */
const HEADER = 2;
/** A longer record would cost as much to write as a message does. */
const LONGEST = 1024;
// What the writer writes, what the reader writes, and what both do lie on different cache lines.
const TAIL = 0;
const HEAD = 16;
const PARKED = 32;
const STARTS = 40;
const FIRST = 48;
/** 8,000 tasks of a number each; twice this stays in a core's second-level cache. */
const END = FIRST + 48 * 1024;
const RING_BYTES = (END + LONGEST + 2 * HEADER) * 4;

/** The memory of both directions between a pool and a worker. */
export class RingPair {
  readonly #toWorker: Block;
  readonly #toPool: Block;

  constructor(kind: MemoryKind) {
    this.#toWorker = allocateAlone(kind, RING_BYTES, true);
    this.#toPool = allocateAlone(kind, RING_BYTES, true);
  }

  /** The pool's ends. */
  get reader(): RingReader {
    return new RingReader(this.#toPool);
  }

  get writer(): RingWriter {
    return new RingWriter(this.#toWorker);
  }

  /** A word for the count of started tasks. */
  get starts(): StartCount {
    return startsIn(this.#toWorker);
  }

  ship(kind: MemoryKind): RingPairState {
    return { toWorker: this.#toWorker.ship(kind), toPool: this.#toPool.ship(kind) };
  }
}

export interface RingPairState {
  readonly toWorker: BlockState;
  readonly toPool: BlockState;
}

/** The worker's ends. */
export function workerEnds(state: RingPairState): WorkerEnds {
  const toWorker = receiveBlock(state.toWorker);
  return {
    reader: new RingReader(toWorker),
    writer: new RingWriter(receiveBlock(state.toPool)),
    starts: startsIn(toWorker),
  };
}

export interface WorkerEnds {
  readonly reader: RingReader;
  readonly writer: RingWriter;
  readonly starts: StartCount;
}

function startsIn(block: Block): StartCount {
  return block.words.subarray(STARTS, STARTS + 1);
}
