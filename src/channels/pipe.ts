import {
  BrokenPipeError,
  EOFError,
  requireSeconds,
  requireSignal,
  StateError,
  TimeoutError,
  type WaitOptions,
} from "../core/index.ts";
import {
  type Block,
  type BlockState,
  type MemoryKind,
  receiveBlock,
  Ring,
  runAsync,
  runSync,
} from "../memory/index.ts";
import { shareable } from "../sync/index.ts";
import { copyOf, decode, encode, encodeBytes, type Encoded } from "./codec.ts";
import { type Connection, type ReceiveBytesOptions, tooLong } from "./connection.ts";
import { Ends } from "./ends.ts";

/**
 * Two connected ends. With `duplex: false` the first can only receive and the second only send. A sender waits once a
 * megabyte is unread. Python: `multiprocessing.Pipe`.
 */
export function pipe(
  kind: MemoryKind,
  { duplex = true }: { readonly duplex?: boolean } = {},
): [PipeConnection, PipeConnection] {
  const there = Ring.create(kind, 0, UNREAD_BYTES);
  if (!duplex) return [new PipeConnection(there, null), new PipeConnection(null, there)];
  const back = Ring.create(kind, 0, UNREAD_BYTES);
  return [new PipeConnection(there, back), new PipeConnection(back, there)];
}

/** An end of a Pipe. Several threads may hold the same end; each message goes to one of them. */
export class PipeConnection implements Connection {
  static {
    shareable(this, import.meta.url, "receivePipeConnection", (it: PipeConnection, to) => it.#depart(to));
  }

  readonly #inbox: Half | null;
  readonly #outbox: Half | null;
  #closed = false;

  constructor(inbox: Block | null, outbox: Block | null) {
    this.#inbox = inbox && new Half(inbox, "reader");
    this.#outbox = outbox && new Half(outbox, "writer");
    forgotten.register(this, [this.#inbox, this.#outbox], this);
  }

  get readable(): boolean {
    return this.#inbox !== null;
  }

  get writable(): boolean {
    return this.#outbox !== null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async send(value: unknown, options: WaitOptions = {}): Promise<void> {
    await this.#put(encode(value), options);
  }

  sendSync(value: unknown, options: WaitOptions = {}): void {
    this.#putSync(encode(value), options);
  }

  async sendBytes(bytes: Uint8Array, options: WaitOptions = {}): Promise<void> {
    await this.#put(encodeBytes(bytes), options);
  }

  sendBytesSync(bytes: Uint8Array, options: WaitOptions = {}): void {
    this.#putSync(encodeBytes(bytes), options);
  }

  async recv<T = any>(options: WaitOptions = {}): Promise<T> {
    return (await this.#get(decode, options)) as T;
  }

  recvSync<T = any>(options: WaitOptions = {}): T {
    return this.#getSync(decodeNow, options) as T;
  }

  async recvBytes(options: ReceiveBytesOptions = {}): Promise<Uint8Array> {
    return within(await this.#get(copyOf, options), options.maxLength);
  }

  recvBytesSync(options: ReceiveBytesOptions = {}): Uint8Array {
    return within(this.#getSync(copyOf, options), options.maxLength);
  }

  async recvBytesInto(target: Uint8Array, offset: number = 0, options: WaitOptions = {}): Promise<number> {
    return into(
      target,
      offset,
      await this.#get((source, at, length) => copyInto(target, offset, source, at, length), options),
    );
  }

  recvBytesIntoSync(target: Uint8Array, offset: number = 0, options: WaitOptions = {}): number {
    return into(
      target,
      offset,
      this.#getSync((source, at, length) => copyInto(target, offset, source, at, length), options),
    );
  }

  async poll(options: WaitOptions = {}): Promise<boolean> {
    check(options);
    const { ring } = this.#reading();
    try {
      return ring.ready || (await runAsync((waiter) => ring.poll(waiter), { timeout: 0, ...options }));
    } catch (error) {
      if (error instanceof EOFError) return true;
      throw error;
    }
  }

  pollSync(options: WaitOptions = {}): boolean {
    check(options);
    const { ring } = this.#reading();
    try {
      return ring.ready || runSync((waiter) => ring.poll(waiter), { timeout: 0, ...options });
    } catch (error) {
      if (error instanceof EOFError) return true;
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    this.#inbox?.leave();
    this.#outbox?.leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #put({ length, kind, write }: Encoded, options: WaitOptions): Promise<void> {
    const { ring } = this.#writing();
    if (ring.tryPut(length, kind, write)) return;
    check(options);
    if (!(await runAsync((waiter) => ring.put(waiter, length, kind, write), options)))
      throw late("send", options);
  }

  #putSync({ length, kind, write }: Encoded, options: WaitOptions): void {
    const { ring } = this.#writing();
    if (ring.tryPut(length, kind, write)) return;
    check(options);
    if (!runSync((waiter) => ring.put(waiter, length, kind, write), options)) throw late("send", options);
  }

  async #get<T>(read: Reader<T>, options: WaitOptions): Promise<T> {
    const { ring } = this.#reading();
    const taken =
      ring.tryGet(read) ?? (check(options), await runAsync((waiter) => ring.get(waiter, read), options));
    if (taken === undefined) throw late("recv", options);
    return taken.value;
  }

  #getSync<T>(read: Reader<T>, options: WaitOptions): T {
    const { ring } = this.#reading();
    const taken = ring.tryGet(read) ?? (check(options), runSync((waiter) => ring.get(waiter, read), options));
    if (taken === undefined) throw late("recv", options);
    return taken.value;
  }

  #reading(): Half {
    if (this.#closed) throw new StateError("The connection is closed");
    if (this.#inbox === null) throw new StateError("This end of a one-way pipe can only send");
    return this.#inbox;
  }

  #writing(): Half {
    if (this.#closed) throw new StateError("The connection is closed");
    if (this.#outbox === null) throw new StateError("This end of a one-way pipe can only receive");
    this.#outbox.refuseBroken();
    return this.#outbox;
  }

  #depart(to: MemoryKind): PipeState {
    if (this.#closed) throw new StateError("A closed connection cannot be sent");
    return { inbox: this.#inbox?.depart(to) ?? null, outbox: this.#outbox?.depart(to) ?? null };
  }
}

type Reader<T> = (source: Buffer, offset: number, length: number, kind: number) => T;

/** One direction of a pipe, as one of its ends sees it. */
class Half {
  readonly ring: Ring;
  readonly #block: Block;
  readonly #ends: Ends;
  readonly #role: "reader" | "writer";

  constructor(block: Block, role: "reader" | "writer") {
    this.#block = block;
    this.#role = role;
    this.#ends = new Ends(block.words, Ring.spareWords);
    this.#ends.arrive(role);
    this.ring = new Ring(block, { whenEmpty: () => this.#refuseEnd(), whenFull: () => this.refuseBroken() });
  }

  depart(to: MemoryKind): BlockState {
    const state = this.#block.ship(to);
    this.#ends.depart(this.#role);
    return state;
  }

  leave(): void {
    this.#ends.leave(this.#role);
    this.ring.stir();
  }

  refuseBroken(): void {
    if (!this.#ends.held("reader"))
      throw new BrokenPipeError(
        "send: nobody holds the other end of the pipe any more, so nobody could read this",
      );
  }

  #refuseEnd(): void {
    // In this order: what the last writer sent before it left is still to be read.
    if (this.#ends.held("writer") || this.ring.ready) return;
    throw new EOFError("recv: everything was read and nobody holds the other end of the pipe any more");
  }
}

/** An end that was dropped without being closed is given up when it is collected. */
const forgotten = new FinalizationRegistry((halves: readonly (Half | null)[]) => {
  for (const half of halves) half?.leave();
});

const UNREAD_BYTES = 2 ** 20;

function decodeNow(source: Buffer, offset: number, length: number, kind: number): unknown {
  const value = decode(source, offset, length, kind);
  if (!(value instanceof Promise)) return value;
  value.catch(() => {});
  throw new StateError(
    "recvSync: the message holds something whose module is not loaded here yet, which cannot be done while blocking. " +
      "Import it first, or use `await recv()`. The message can still be read",
  );
}

function within(bytes: Uint8Array, maxLength: number = Infinity): Uint8Array {
  if (bytes.length > maxLength) throw tooLong(bytes, maxLength);
  return bytes;
}

function copyInto(
  target: Uint8Array,
  at: number,
  source: Buffer,
  offset: number,
  length: number,
): number | Uint8Array {
  if (length > target.length - at) return copyOf(source, offset, length);
  target.set(source.subarray(offset, offset + length), at);
  return length;
}

function into(target: Uint8Array, offset: number, result: number | Uint8Array): number {
  if (typeof result === "number") return result;
  throw tooLong(result, target.length - offset);
}

function check(options: WaitOptions): void {
  requireSeconds("timeout", options.timeout);
  requireSignal("signal", options.signal);
}

function late(call: string, options: WaitOptions): TimeoutError {
  return new TimeoutError(`${call} timed out after ${options.timeout} s`);
}

interface PipeState {
  readonly inbox: BlockState | null;
  readonly outbox: BlockState | null;
}

/** The other side of a connection's crossing; found by name. @public */
export function receivePipeConnection({ inbox, outbox }: PipeState): PipeConnection {
  return new PipeConnection(inbox && receiveBlock(inbox), outbox && receiveBlock(outbox));
}
