import { pointerAt } from "./remote-memory.ts";
import type { Stack } from "./stack-image.ts";

/** Beyond what the last walk needed, so that a call more or less does not matter. */
const SPARE = 4096;

/**
 * The lowest part of a stopped thread's stack, copied in one go so that the thread need not wait for the walk. How much
 * a walk needs is learnt from the one before; a walk that comes to the end of the copy says so, and is to be repeated
 * over a longer one.
 */
export class StackCopy implements Stack {
  readonly sp: number;
  readonly #end: number;
  readonly #bytes: Buffer;
  #needed = 0;

  /** `end` is where the stack's mapping ends. */
  constructor(sp: number, bytes: Buffer, end: number) {
    this.sp = sp;
    this.#bytes = bytes;
    this.#end = end;
  }

  /** True when the walk asked for more of the stack than was copied. */
  get short(): boolean {
    return this.#needed > this.#bytes.length;
  }

  /** Bytes to be copied next time. */
  get reach(): number {
    return (this.short ? 8 * this.#bytes.length : this.#needed) + SPARE;
  }

  holds(address: number): boolean {
    return address >= this.sp && address + 8 <= this.#end && address % 8 === 0;
  }

  pointer(address: number): number {
    if (!this.holds(address)) return 0;
    const at = address - this.sp;
    this.#needed = Math.max(this.#needed, at + 8);
    return at + 8 <= this.#bytes.length ? pointerAt(this.#bytes, at) : 0;
  }
}
