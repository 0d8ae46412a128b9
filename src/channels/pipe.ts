import { EOFError, requireWait, StateError, type WaitOptions } from "../core/index.ts";
import { type BlockState, type MemoryKind, receiveBlock, sharesBySockets } from "../memory/index.ts";
import { shareable } from "../sync/index.ts";
import { copyOf, decode, encode, encodeBytes } from "./codec.ts";
import { type Connection, type ReceiveBytesOptions, tooLong } from "./connection.ts";
import type { Role } from "./ends.ts";
import { type Half, RingHalf } from "./pipe-half.ts";
import { ServedHalf } from "./served-half.ts";
import { isMade } from "./served-object.ts";

/**
 * Two connected ends. With `duplex: false` the first can only receive and the second only send. A sender waits once a
 * megabyte is unread. Python: `multiprocessing.Pipe`.
 */
export function pipe(
  kind: MemoryKind,
  { duplex = true }: { readonly duplex?: boolean } = {},
): [PipeConnection, PipeConnection] {
  const direction = (): ReturnType<typeof ServedHalf.create> =>
    kind === "process" && sharesBySockets() ? ServedHalf.create() : RingHalf.create(kind);
  const there = direction();
  const back = duplex ? direction() : null;
  return [
    new PipeConnection(there.reader, back && back.writer),
    new PipeConnection(back && back.reader, there.writer),
  ];
}

/** An end of a Pipe. Several threads may hold the same end; each message goes to one of them. */
export class PipeConnection implements Connection {
  static {
    shareable(this, import.meta.url, "receivePipeConnection", (it: PipeConnection, to) => it.#depart(to));
  }

  readonly #inbox: Half | null;
  readonly #outbox: Half | null;
  #closed = false;

  constructor(inbox: Half | null, outbox: Half | null) {
    this.#inbox = inbox;
    this.#outbox = outbox;
    forgotten.register(this, [inbox, outbox], this);
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
    await this.#writing().put(encode(value), options);
  }

  sendSync(value: unknown, options: WaitOptions = {}): void {
    this.#writing().putSync(encode(value), options);
  }

  async sendBytes(bytes: Uint8Array, options: WaitOptions = {}): Promise<void> {
    await this.#writing().put(encodeBytes(bytes), options);
  }

  sendBytesSync(bytes: Uint8Array, options: WaitOptions = {}): void {
    this.#writing().putSync(encodeBytes(bytes), options);
  }

  async recv<T = any>(options: WaitOptions = {}): Promise<T> {
    return (await this.#reading().get(decode, options)) as T;
  }

  recvSync<T = any>(options: WaitOptions = {}): T {
    return this.#reading().getSync(decodeNow, options) as T;
  }

  async recvBytes(options: ReceiveBytesOptions = {}): Promise<Uint8Array> {
    return within(await this.#reading().get(copyOf, options), options.maxLength);
  }

  recvBytesSync(options: ReceiveBytesOptions = {}): Uint8Array {
    return within(this.#reading().getSync(copyOf, options), options.maxLength);
  }

  async recvBytesInto(target: Uint8Array, offset: number = 0, options: WaitOptions = {}): Promise<number> {
    return into(
      target,
      offset,
      await this.#reading().get(
        (source, at, length) => copyInto(target, offset, source, at, length),
        options,
      ),
    );
  }

  recvBytesIntoSync(target: Uint8Array, offset: number = 0, options: WaitOptions = {}): number {
    return into(
      target,
      offset,
      this.#reading().getSync((source, at, length) => copyInto(target, offset, source, at, length), options),
    );
  }

  async poll(options: WaitOptions = {}): Promise<boolean> {
    requireWait(options);
    try {
      return await this.#reading().poll({ timeout: 0, ...options });
    } catch (error) {
      if (error instanceof EOFError) return true;
      throw error;
    }
  }

  pollSync(options: WaitOptions = {}): boolean {
    requireWait(options);
    try {
      return this.#reading().pollSync({ timeout: 0, ...options });
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

  #reading(): Half {
    if (this.#closed) throw new StateError("The connection is closed");
    if (this.#inbox === null) throw new StateError("This end of a one-way pipe can only send");
    return this.#inbox;
  }

  #writing(): Half {
    if (this.#closed) throw new StateError("The connection is closed");
    if (this.#outbox === null) throw new StateError("This end of a one-way pipe can only receive");
    return this.#outbox;
  }

  #depart(to: MemoryKind): PipeState {
    if (this.#closed) throw new StateError("A closed connection cannot be sent");
    return { inbox: this.#inbox?.depart(to) ?? null, outbox: this.#outbox?.depart(to) ?? null };
  }
}

/** An end that was dropped without being closed is given up when it is collected. */
const forgotten = new FinalizationRegistry((halves: readonly (Half | null)[]) => {
  for (const half of halves) half?.leave();
});

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

interface PipeState {
  readonly inbox: unknown;
  readonly outbox: unknown;
}

/** The other side of a connection's crossing; found by name. @public */
export function receivePipeConnection({ inbox, outbox }: PipeState): PipeConnection {
  return new PipeConnection(receiveHalf(inbox, "reader"), receiveHalf(outbox, "writer"));
}

function receiveHalf(state: unknown, role: Role): Half | null {
  if (state === null) return null;
  return isMade(state)
    ? ServedHalf.receive(state, role)
    : new RingHalf(receiveBlock(state as BlockState), role);
}
