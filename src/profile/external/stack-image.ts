import { type RemoteMemory, pointerAt } from "./remote-memory.ts";

const CHUNK = 32 * 1024;
/** V8 limits a JavaScript stack to about 1 MB; a program may raise that with --stack-size. */
const MOST_BYTES = 16 * 1024 * 1024;

/** A thread's stack as a walk sees it. */
export interface Stack {
  readonly sp: number;
  /** True for a word-aligned address within the live part of the stack. */
  holds(address: number): boolean;
  /** The word at an address as a pointer; 0 when it is not one. */
  pointer(address: number): number;
}

/** The stack of a thread that sleeps, from its stack pointer upward, read in pieces as the walk climbs. */
export class StackImage implements Stack {
  readonly sp: number;
  readonly #memory: RemoteMemory;
  readonly #end: number;
  readonly #chunks: Buffer[] = [];

  /** `end` is where the stack's mapping ends. */
  constructor(memory: RemoteMemory, sp: number, end: number) {
    this.#memory = memory;
    this.sp = sp;
    this.#end = Math.min(end, sp + MOST_BYTES);
  }

  holds(address: number): boolean {
    return address >= this.sp && address + 8 <= this.#end && address % 8 === 0;
  }

  pointer(address: number): number {
    const found = this.#find(address);
    return found === undefined ? 0 : pointerAt(found.bytes, found.at);
  }

  #find(address: number): { bytes: Buffer; at: number } | undefined {
    if (!this.holds(address)) return undefined;
    const offset = address - this.sp;
    const chunk = Math.floor(offset / CHUNK);
    const bytes = (this.#chunks[chunk] ??= this.#read(chunk));
    const at = offset % CHUNK;
    return at + 8 <= bytes.length ? { bytes, at } : undefined;
  }

  #read(chunk: number): Buffer {
    const from = this.sp + chunk * CHUNK;
    return this.#memory.readUpTo(from, Math.min(CHUNK, this.#end - from));
  }
}
