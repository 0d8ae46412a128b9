import type { Socket } from "node:net";
import { EOFError, waitable, type WaitOptions } from "../core/index.ts";

/**
 * Messages over a socket in Python's framing: the length as a signed 32-bit number, high byte first, then the bytes;
 * from 2 GiB on -1 and the length in 64 bits.
 */
export class Frames {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #ended = false;
  #readers: (() => void)[] = [];
  #held = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      if (this.#buffered > MOST_BUFFERED && this.#readers.length === 0) socket.pause();
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end).on("close", end).on("error", end);
  }

  /** Resolves when the bytes were handed to the system. */
  write(parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      socket.cork();
      socket.write(header(length));
      parts.forEach((part, index) =>
        socket.write(
          part,
          index === parts.length - 1 ? (error) => (error ? reject(error) : resolve()) : undefined,
        ),
      );
      socket.uncork();
    });
  }

  /** The next message, or undefined while it is not here whole. Throws EOFError at the end. */
  take(): Buffer | undefined {
    const length = this.#nextLength();
    if (length !== undefined) {
      const [from, size] = length;
      if (this.#buffered >= from + size) {
        const frame = this.#consume(from + size).subarray(from);
        if (this.#socket.isPaused()) this.#socket.resume();
        return frame;
      }
      if (this.#socket.isPaused()) this.#socket.resume();
    }
    if (this.#ended) throw new EOFError("recv: the other side has closed the connection");
    return undefined;
  }

  async next(options: WaitOptions, what: string, idle: boolean = false): Promise<Buffer> {
    for (;;) {
      const frame = this.take();
      if (frame !== undefined) return frame;
      await this.changed(options, what, idle);
    }
  }

  /** Whether the program is to stay alive for this connection even while nobody waits for a message. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#socket.ref();
    else if (this.#readers.length === 0) this.#socket.unref();
  }

  /** Whether `take` would give a message or the end. */
  get ready(): boolean {
    const length = this.#nextLength();
    return this.#ended || (length !== undefined && this.#buffered >= length[0] + length[1]);
  }

  /** Waits until something has arrived; an idle wait does not keep the program alive. */
  changed(options: WaitOptions, what: string, idle: boolean = false): Promise<void> {
    const wake = (): void => void wait.resolve();
    const wait = waitable<void>(options, what, () => {
      this.#readers = this.#readers.filter((reader) => reader !== wake);
      if (this.#readers.length === 0 && !this.#held) this.#socket.unref();
    });
    if (wait.open) {
      this.#readers.push(wake);
      if (!idle) this.#socket.ref();
      else if (!this.#held) this.#socket.unref();
    }
    return wait.promise;
  }

  #wake(): void {
    const readers = this.#readers;
    this.#readers = [];
    if (!this.#held) this.#socket.unref();
    for (const reader of readers) reader();
  }

  /** Bytes of the header and of the message. */
  #nextLength(): [number, number] | undefined {
    if (this.#buffered < 4) return undefined;
    const short = this.#peek(4).readInt32BE(0);
    if (short >= 0) return [4, short];
    return this.#buffered < 12 ? undefined : [12, Number(this.#peek(12).readBigUInt64BE(4))];
  }

  #peek(count: number): Buffer {
    if (this.#chunks[0]!.length < count) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #consume(count: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#buffered = all.length - count;
    this.#chunks = this.#buffered > 0 ? [all.subarray(count)] : [];
    return all.subarray(0, count);
  }
}

/** A sender that is not read from is stopped after so many bytes. */
const MOST_BUFFERED = 4 * 2 ** 20;
const LARGEST_SHORT = 0x7fffffff;

function header(length: number): Buffer {
  const bytes = Buffer.alloc(length > LARGEST_SHORT ? 12 : 4);
  bytes.writeInt32BE(length > LARGEST_SHORT ? -1 : length, 0);
  if (length > LARGEST_SHORT) bytes.writeBigUInt64BE(BigInt(length), 4);
  return bytes;
}
