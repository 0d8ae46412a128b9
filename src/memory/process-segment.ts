import { closeSync, fstatSync, ftruncateSync, openSync } from "node:fs";
import { StateError } from "../core/index.ts";
import { loopBitIn, offBell, onBell, ringIn } from "./bell.ts";
import { type Mapping, requirePosix } from "./posix.ts";
import type { Segment, SegmentState, Window } from "./segment.ts";

/**
 * Memory of processes: a nameless file in memory. Others open it through /proc/<pid>/fd/<fd> of the process that told
 * them of it, and keep it from then on; when the last of them ends, however it ends, the system frees it.
 */
export class ProcessSegment implements Segment {
  readonly kind = "process";
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly parked: Map<number, unknown> = new Map<number, unknown>();
  readonly id: string;
  readonly #fd: number;
  readonly #mapping: Mapping;
  #bit = 0;

  private constructor(fd: number, size: number, id: string | null) {
    this.#fd = fd;
    this.#mapping = requirePosix().map(fd, 0, size);
    this.words = new Int32Array(this.#mapping.buffer);
    this.bytes = new Uint8Array(this.#mapping.buffer);
    if (id !== null) this.bytes.set(Buffer.from(id, "hex"), ID_BYTE);
    this.id = Buffer.from(this.bytes.subarray(ID_BYTE, ID_BYTE + ID_SIZE)).toString("hex");
    segments.set(this.id, new WeakRef(this));
    descriptors.register(this, { fd, id: this.id });
  }

  static create(byteLength: number): ProcessSegment {
    const fd = requirePosix().createAnonymous(byteLength);
    return new ProcessSegment(
      fd,
      byteLength,
      process.getBuiltinModule("node:crypto").randomBytes(ID_SIZE).toString("hex"),
    );
  }

  static from(state: SegmentState & { kind: "process" }): ProcessSegment {
    const segment = segments.get(state.id)?.deref() ?? ProcessSegment.#open(state);
    Atomics.add(segment.words, REVIVED, 1);
    return segment;
  }

  static #open(state: SegmentState & { kind: "process" }): ProcessSegment {
    let fd: number;
    try {
      fd = openSync(`/proc/${state.pid}/fd/${state.fd}`, "r+");
    } catch (cause) {
      throw new StateError(
        `Process ${state.pid} ended before the shared memory it sent was received here, and took it along. ` +
          `Keep the sender alive until its message has arrived, or create the object in the parent process.`,
        { cause },
      );
    }
    if (fstatSync(fd).size >= state.size) {
      const segment = new ProcessSegment(fd, state.size, null);
      if (segment.id === state.id) return segment;
    } else closeSync(fd);
    throw new StateError(
      `The shared memory that process ${state.pid} sent is gone; its descriptor now means another file`,
    );
  }

  sleep(word: number, expected: number, milliseconds: number): void {
    requirePosix().futexWait(this.#mapping.address + BigInt(word * 4), expected, milliseconds);
  }

  wake(word: number, count: number): void {
    requirePosix().futexWake(this.#mapping.address + BigInt(word * 4), Math.min(count, 0x7fffffff));
  }

  loopBit(): number {
    if (this.#bit === 0) this.#bit = loopBitIn(this.words);
    return this.#bit;
  }

  arm(word: number, expected: number, rung: () => void): boolean {
    Atomics.or(this.words, word + 1, this.loopBit());
    if (Atomics.load(this.words, word) !== expected) return false;
    onBell(rung);
    return true;
  }

  disarm(rung: () => void): void {
    offBell(rung);
  }

  ring(bits: number): void {
    ringIn(this.words, bits);
  }

  grow(byteLength: number): void {
    if (fstatSync(this.#fd).size < byteLength) ftruncateSync(this.#fd, byteLength);
  }

  window(offset: number, length: number): Window {
    const { buffer } = requirePosix().map(this.#fd, offset, length);
    return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
  }

  discard(offset: number, length: number): void {
    requirePosix().punch(this.#fd, offset, length);
  }

  ship(): SegmentState {
    keepForTravel(this);
    Atomics.add(this.words, SHIPPED, 1);
    return { kind: "process", pid: process.pid, fd: this.#fd, id: this.id, size: this.bytes.length };
  }

  /** Whether something that was sent may still be on its way, so that the descriptor must stay open. */
  get travelling(): boolean {
    return Atomics.load(this.words, REVIVED) < Atomics.load(this.words, SHIPPED);
  }
}

/** Every process segment begins with this many bytes of our own: identity, travel counts, the table of bells. */
export const HEADER_BYTES = 4096;
const ID_BYTE = 0;
const ID_SIZE = 16;
const SHIPPED = 4;
const REVIVED = 5;

const segments = new Map<string, WeakRef<ProcessSegment>>();
const descriptors = new FinalizationRegistry(({ fd, id }: { fd: number; id: string }) => {
  closeSync(fd);
  if (segments.get(id)?.deref() === undefined) segments.delete(id);
});

/** A message may be read long after its sender forgot the object in it; until then the descriptor must stay open. */
const travelling = new Map<ProcessSegment, number>();
const SHORTEST_TRAVEL_MS = 30_000;

function keepForTravel(segment: ProcessSegment): void {
  const now = performance.now();
  for (const [other, since] of travelling) {
    if (now - since > SHORTEST_TRAVEL_MS && !other.travelling) travelling.delete(other);
  }
  travelling.set(segment, now);
}
