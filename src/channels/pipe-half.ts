import { BrokenPipeError, EOFError, requireWait, TimeoutError, type WaitOptions } from "../core/index.ts";
import {
  type Block,
  type BlockState,
  type MemoryKind,
  type Read,
  Ring,
  runAsync,
  runSync,
} from "../memory/index.ts";
import type { Encoded } from "./codec.ts";
import { Ends, type Role } from "./ends.ts";
import { NOBODY_READS, NOBODY_WRITES } from "./service-pipe.ts";

/** One direction of a pipe, as one of its ends sees it. */
export interface Half {
  put(message: Encoded, options: WaitOptions): Promise<void>;
  putSync(message: Encoded, options: WaitOptions): void;
  get<T>(read: Read<T>, options: WaitOptions): Promise<T>;
  getSync<T>(read: Read<T>, options: WaitOptions): T;
  /** Throws EOFError at the end. */
  poll(options: WaitOptions): Promise<boolean>;
  pollSync(options: WaitOptions): boolean;
  /** The end is given up here. */
  leave(): void;
  /** The end is sent to somebody. */
  depart(to: MemoryKind): unknown;
}

/** A half in shared memory. */
export class RingHalf implements Half {
  readonly #ring: Ring;
  readonly #ends: Ends;
  readonly #role: Role;

  constructor(block: Block, role: Role) {
    this.#role = role;
    this.#ends = new Ends(block.words, Ring.spareWords);
    this.#ends.arrive(role);
    this.#ring = new Ring(block, {
      whenEmpty: () => this.#refuseEnd(),
      whenFull: () => this.#refuseBroken(),
    });
  }

  /** The two ends of a new direction. */
  static create(kind: MemoryKind): { readonly reader: Half; readonly writer: Half } {
    const block = Ring.create(kind, 0, UNREAD_BYTES);
    return { reader: new RingHalf(block, "reader"), writer: new RingHalf(block, "writer") };
  }

  async put({ length, kind, write }: Encoded, options: WaitOptions): Promise<void> {
    this.#refuseBroken();
    if (this.#ring.tryPut(length, kind, write)) return;
    requireWait(options);
    if (!(await runAsync((waiter) => this.#ring.put(waiter, length, kind, write), options)))
      throw late("send", options);
  }

  putSync({ length, kind, write }: Encoded, options: WaitOptions): void {
    this.#refuseBroken();
    if (this.#ring.tryPut(length, kind, write)) return;
    requireWait(options);
    if (!runSync((waiter) => this.#ring.put(waiter, length, kind, write), options))
      throw late("send", options);
  }

  async get<T>(read: Read<T>, options: WaitOptions): Promise<T> {
    const taken =
      this.#ring.tryGet(read) ??
      (requireWait(options), await runAsync((waiter) => this.#ring.get(waiter, read), options));
    if (taken === undefined) throw late("recv", options);
    return taken.value;
  }

  getSync<T>(read: Read<T>, options: WaitOptions): T {
    const taken =
      this.#ring.tryGet(read) ??
      (requireWait(options), runSync((waiter) => this.#ring.get(waiter, read), options));
    if (taken === undefined) throw late("recv", options);
    return taken.value;
  }

  async poll(options: WaitOptions): Promise<boolean> {
    return this.#ring.ready || (await runAsync((waiter) => this.#ring.poll(waiter), options));
  }

  pollSync(options: WaitOptions): boolean {
    return this.#ring.ready || runSync((waiter) => this.#ring.poll(waiter), options);
  }

  leave(): void {
    this.#ends.leave(this.#role);
    this.#ring.stir();
  }

  depart(to: MemoryKind): BlockState {
    const state = this.#ring.block.ship(to);
    this.#ends.depart(this.#role);
    return state;
  }

  #refuseBroken(): void {
    if (!this.#ends.held("reader")) throw new BrokenPipeError(NOBODY_READS);
  }

  #refuseEnd(): void {
    // In this order: what the last writer sent before it left is still to be read.
    if (this.#ends.held("writer") || this.#ring.ready) return;
    throw new EOFError(NOBODY_WRITES);
  }
}

/** How much may be unread before a sender waits. */
export const UNREAD_BYTES: number = 2 ** 20;

export function late(call: string, options: WaitOptions): TimeoutError {
  return new TimeoutError(`${call} timed out after ${options.timeout} s`);
}
