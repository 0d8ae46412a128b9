import { invalid, requireInteger, StateError, UnsupportedError } from "../core/index.ts";
import { createNamed, type NamedMemory, openNamed, unlinkNamed } from "../memory/index.ts";
import { shareable } from "./share.ts";

export interface SharedMemoryOptions {
  /** The POSIX name; a fresh one when none is given. */
  readonly name?: string;
  /** Create it (then `size` is needed) rather than attach to it. */
  readonly create?: boolean;
  /** Bytes. */
  readonly size?: number;
  /** Take the name away when this program has ended, if nobody did before. Default true for those it creates. */
  readonly track?: boolean;
}

/**
 * A block of memory under a POSIX name: other processes, and other programs, attach to it by that name. Python's
 * `SharedMemory(name=...)` attaches to ours and ours to Python's.
 *
 * Who created it calls `unlink` when nobody is to attach any more; forgotten names are taken away when the program has
 * ended. A Python before 3.13 that attaches to a segment of ours unlinks it when that Python ends, unless it calls
 * `resource_tracker.unregister` (or, later, gives `track=False`).
 */
export class SharedMemory implements Disposable {
  static {
    shareable(this, import.meta.url, "attachSharedMemory", (it: SharedMemory) => it.name);
  }

  readonly name: string;
  #memory: NamedMemory | null;
  #buffer: Uint8Array<ArrayBuffer> | null;

  constructor(options: SharedMemoryOptions = {}) {
    const { name, create = false, size = 0, track = true } = options;
    if (create) requireInteger("size", size, 1);
    else if (name === undefined) throw invalid("name", name, "given, or `create: true`");
    const memory = create ? createNamed(name, size, track) : openNamed(name!);
    this.name = memory.name;
    this.#memory = memory;
    this.#buffer = memory.buffer && new Uint8Array(memory.buffer);
  }

  /**
   * The memory. Any typed array can be made over its `.buffer`. Throws UnsupportedError where it is not `mapped`.
   */
  get buf(): Uint8Array<ArrayBuffer> {
    this.#open("buf");
    if (this.#buffer !== null) return this.#buffer;
    throw new UnsupportedError(
      "buf: this process cannot map memory (npm install koffi, on Linux x64 or arm64); use read and write, " +
        "which reach the same memory by copying",
    );
  }

  /** Whether `buf` can be had. */
  get mapped(): boolean {
    return this.#buffer !== null;
  }

  /** A copy of `length` bytes from `offset` on, by default of all that follow. */
  read(offset: number = 0, length: number = this.size - offset): Uint8Array<ArrayBuffer> {
    const memory = this.#open("read");
    requireInteger("offset", offset, 0, memory.size);
    const copy = new Uint8Array(requireInteger("length", length, 0, memory.size - offset));
    memory.readInto(copy, offset);
    return copy;
  }

  /** Copies bytes to `offset`. Others may see them come one by one: guard what belongs together with a lock. */
  write(bytes: Uint8Array, offset: number = 0): void {
    const memory = this.#open("write");
    requireInteger("offset", offset, 0, memory.size);
    requireInteger("bytes.length", bytes.length, 0, memory.size - offset);
    memory.write(bytes, offset);
  }

  /** Bytes; may be rounded up to whole pages on some systems. */
  get size(): number {
    return this.#open("size").size;
  }

  /** Gives this object's access up. The memory stays mapped as long as an array over it can be reached. Idempotent. */
  close(): void {
    this.#memory?.close();
    this.#memory = this.#buffer = null;
  }

  /** Takes the name away. Those who are attached keep the memory. Throws StateError when it was unlinked before. */
  unlink(): void {
    if (!unlinkNamed(this.name))
      throw new StateError(`unlink: the shared memory ${this.name} was unlinked before`);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(call: string): NamedMemory {
    if (this.#memory !== null) return this.#memory;
    throw new StateError(`${call}: the shared memory ${this.name} was closed`);
  }
}

/** The other side of a SharedMemory's crossing; found by name. @public */
export function attachSharedMemory(name: string): SharedMemory {
  return new SharedMemory({ name });
}
