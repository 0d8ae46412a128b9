import { invalid, requireInteger, StateError } from "../core/index.ts";
import { createNamed, openNamed, unlinkNamed } from "../memory/index.ts";
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
  #buffer: Uint8Array | null;

  constructor(options: SharedMemoryOptions = {}) {
    const { name, create = false, size = 0, track = true } = options;
    if (create) requireInteger("size", size, 1);
    else if (name === undefined) throw invalid("name", name, "given, or `create: true`");
    const memory = create ? createNamed(name, size, track) : openNamed(name!);
    this.name = memory.name;
    this.#buffer = new Uint8Array(memory.buffer);
  }

  /** The memory. Any typed array can be made over its `.buffer`. */
  get buf(): Uint8Array<ArrayBuffer> {
    if (this.#buffer === null) throw new StateError(`buf: the shared memory ${this.name} was closed`);
    return this.#buffer as Uint8Array<ArrayBuffer>;
  }

  /** Bytes; may be rounded up to whole pages on some systems. */
  get size(): number {
    return this.buf.byteLength;
  }

  /** Gives this object's access up. The memory stays mapped as long as an array over it can be reached. Idempotent. */
  close(): void {
    this.#buffer = null;
  }

  /** Takes the name away. Those who are attached keep the memory. Throws StateError when it was unlinked before. */
  unlink(): void {
    if (!unlinkNamed(this.name))
      throw new StateError(`unlink: the shared memory ${this.name} was unlinked before`);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The other side of a SharedMemory's crossing; found by name. @public */
export function attachSharedMemory(name: string): SharedMemory {
  return new SharedMemory({ name });
}
