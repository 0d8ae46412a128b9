import type { Libc } from "./libc.ts";

const IOVEC_BYTES = 16;
/** The kernel's limit on one vector (IOV_MAX) is 1024; stacks are shorter. */
const MOST = 512;

/** Many small reads from another process in one process_vm_readv. */
export class VectorRead {
  readonly #pid: number;
  readonly #libc: Libc;
  readonly #local: Buffer = Buffer.alloc(IOVEC_BYTES);
  readonly #remote: Buffer = Buffer.alloc(IOVEC_BYTES * MOST);
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
      const complete = this.#readBatch(batch, length);
      for (let i = 0; i < complete; i++)
        found.push(Buffer.from(this.#into.subarray(i * length, (i + 1) * length)));
      if (complete < batch.length) found.push(undefined);
    }
    return found;
  }

  #readBatch(addresses: readonly number[], length: number): number {
    const total = addresses.length * length;
    if (this.#into.length < total) this.#into = Buffer.alloc(total);
    writeIovec(this.#local, 0, this.#libc.address(this.#into), total);
    addresses.forEach((address, i) =>
      writeIovec(this.#remote, i * IOVEC_BYTES, BigInt(Math.max(0, address)), length),
    );
    const count = this.#libc.processVmReadv(this.#pid, this.#local, 1, this.#remote, addresses.length, 0);
    return count > 0 ? Math.floor(count / length) : 0;
  }
}

function writeIovec(vector: Buffer, at: number, address: bigint, length: number): void {
  vector.writeBigUInt64LE(address, at);
  vector.writeBigUInt64LE(BigInt(length), at + 8);
}
