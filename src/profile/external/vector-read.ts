import type { Libc } from "./libc.ts";

const IOVEC_BYTES = 16;
/** The kernel's limit on one vector (IOV_MAX) is 1024; stacks are shorter. */
const MOST = 512;

/** A part of another process's memory. */
export interface Piece {
  readonly address: number;
  readonly length: number;
}

/** Many small reads from another process in one process_vm_readv. */
export class VectorRead {
  readonly #pid: number;
  readonly #libc: Libc;
  readonly #local: Buffer = Buffer.alloc(IOVEC_BYTES);
  readonly #remote: Buffer = Buffer.alloc(IOVEC_BYTES * MOST);
  /** Where the buffer lies that was filled last: mostly it is filled again. */
  #filled: { readonly buffer: Buffer; readonly address: number } | undefined;
  #into: Buffer = Buffer.alloc(64 * 1024);

  constructor(pid: number, libc: Libc) {
    this.#pid = pid;
    this.#libc = libc;
  }

  readEach(addresses: readonly number[], length: number): (Buffer | undefined)[] {
    const found: (Buffer | undefined)[] = [];
    // The call ends at the first unreadable address; that one is passed over and the rest asked for again.
    while (found.length < addresses.length) {
      const batch = addresses.slice(found.length, found.length + MOST);
      if (this.#into.length < batch.length * length) this.#into = Buffer.alloc(batch.length * length);
      const pieces = batch.map((address) => ({ address, length }));
      const complete = Math.floor(this.fill(this.#into, pieces) / length);
      const bytes = Buffer.from(this.#into.subarray(0, complete * length));
      for (let i = 0; i < complete; i++) found.push(bytes.subarray(i * length, (i + 1) * length));
      if (complete < batch.length) found.push(undefined);
    }
    return found;
  }

  /** Puts the pieces one after the other into a buffer, as far as they can be read; gives the number of bytes. */
  fill(into: Buffer, pieces: readonly Piece[]): number {
    if (this.#filled?.buffer !== into) this.#filled = { buffer: into, address: this.#libc.address(into) };
    writeIovec(this.#local, 0, this.#filled.address, into.length);
    pieces.forEach(({ address, length }, i) =>
      writeIovec(this.#remote, i * IOVEC_BYTES, Math.max(0, address), length),
    );
    const count = this.#libc.processVmReadv(this.#pid, this.#local, 1, this.#remote, pieces.length, 0);
    return Math.max(0, count);
  }
}

const HALF = 0x1_0000_0000;

function writeIovec(vector: Buffer, at: number, address: number, length: number): void {
  vector.writeUInt32LE(address % HALF, at);
  vector.writeUInt32LE(Math.floor(address / HALF), at + 4);
  vector.writeUInt32LE(length, at + 8);
  vector.writeUInt32LE(0, at + 12);
}
