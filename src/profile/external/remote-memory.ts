import { closeSync, openSync, readSync } from "node:fs";
import type { Piece, VectorRead } from "./vector-read.ts";

/** Above this nothing is a user-space address on x86-64. */
const HIGHEST_ADDRESS_WORD = 0x8000;

/**
 * The memory of another process, read through /proc/PID/mem: the same kernel path and the same permission as
 * process_vm_readv, about 3 us a call, and nothing to install. Only ever read.
 */
export class RemoteMemory {
  readonly #fd: number;
  readonly #word: Buffer = Buffer.alloc(8);
  readonly #vector: VectorRead | undefined;

  constructor(pid: number, vector?: VectorRead) {
    this.#fd = openSync(`/proc/${pid}/mem`, "r");
    this.#vector = vector;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The bytes at an address; undefined when they are not all readable. */
  read(address: number, length: number): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(length);
    return this.#fill(bytes, address) === length ? bytes : undefined;
  }

  /** `length` bytes at each address, undefined where they cannot be read; one system call where that is possible. */
  readEach(addresses: readonly number[], length: number): (Buffer | undefined)[] {
    if (this.#vector !== undefined && addresses.length > 1) return this.#vector.readEach(addresses, length);
    return addresses.map((address) => this.read(address, length));
  }

  /** Puts the pieces one after the other into a buffer, in one system call; gives how many bytes could be read. */
  fill(into: Buffer, pieces: readonly Piece[]): number {
    return this.#vector?.fill(into, pieces) ?? 0;
  }

  /** As many of the bytes at an address as are readable. */
  readUpTo(address: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, this.#fill(bytes, address));
  }

  /** The pointer at an address; 0 when there is none. */
  pointer(address: number): number {
    return this.#fill(this.#word, address) === 8 ? pointerAt(this.#word, 0) : 0;
  }

  #fill(bytes: Buffer, address: number): number {
    if (!(address > 0) || address >= HIGHEST_ADDRESS_WORD * 0x1_0000_0000) return 0;
    try {
      return readSync(this.#fd, bytes, 0, bytes.length, address);
    } catch {
      return 0; // an unmapped page, or the process is gone: its callers ask for neither
    }
  }
}

/** The word at `at` as a pointer; 0 when it cannot be a user-space address. */
export function pointerAt(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4);
  return high < HIGHEST_ADDRESS_WORD ? bytes.readUInt32LE(at) + high * 0x1_0000_0000 : 0;
}

/** The word at `at` as a V8 small integer (the value lies in the upper half); undefined when it is a pointer. */
export function smallIntegerAt(bytes: Buffer, at: number): number | undefined {
  return bytes.readUInt32LE(at) === 0 ? bytes.readInt32LE(at + 4) : undefined;
}
