import type { Socket } from "node:net";
import {
  BrokenPipeError,
  SerializationError,
  StateError,
  TimeoutError,
  type WaitOptions,
} from "../core/index.ts";
import { decode, encode, needsTrust } from "./codec.ts";
import { type Connection, type ReceiveBytesOptions, tooLong } from "./connection.ts";
import { Frames } from "./frames.ts";

/**
 * A connection over a socket, to this machine or another. `sendBytes` and `recvBytes` speak Python's framing; `send`
 * and `recv` are for peers of this package. Functions and instances of classes are accepted only from a peer that
 * has proved to know the authkey, for they are code.
 */
export class SocketConnection implements Connection {
  readonly readable = true;
  readonly writable = true;
  readonly #socket: Socket;
  readonly #frames: Frames;
  #trusted = false;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#frames = new Frames(socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** For those who have authenticated the peer. */
  trust(): void {
    this.#trusted = true;
  }

  async send(value: unknown): Promise<void> {
    const { kind, length, write } = encode(value);
    const frame = Buffer.allocUnsafe(length + 1);
    frame[0] = kind;
    write(frame, 1);
    await this.#write(frame);
  }

  recv<T = any>(options: WaitOptions = {}): Promise<T> {
    return this.#recv(options, false);
  }

  /** As `recv`, without keeping the program alive meanwhile. */
  recvIdle<T = any>(): Promise<T> {
    return this.#recv({}, true);
  }

  /** Whether the program is to stay alive for this connection. */
  hold(held: boolean): void {
    this.#frames.hold(held);
  }

  /** Resolves when the socket is closed. */
  get ended(): Promise<void> {
    return new Promise((resolve) =>
      this.#socket.closed ? resolve() : this.#socket.once("close", () => resolve()),
    );
  }

  async #recv<T>(options: WaitOptions, idle: boolean): Promise<T> {
    this.#requireOpen();
    const frame = await this.#frames.next(options, "recv", idle);
    const kind = frame[0] ?? 0;
    if (kind === 0 || kind >= PICKLE)
      throw new SerializationError(
        "recv: not a value of this package; a Python peer sends bytes: use recvBytes",
      );
    if (needsTrust(kind) && !this.#trusted)
      throw new SerializationError(
        "recv: the message holds code and the peer has not authenticated; use an authkey",
      );
    return (await decode(frame, 1, frame.length - 1, kind)) as T;
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes);
  }

  async recvBytes({ maxLength = Infinity, ...options }: ReceiveBytesOptions = {}): Promise<Uint8Array> {
    const frame = await this.#next(options);
    if (frame.length > maxLength) throw tooLong(frame, maxLength);
    return Uint8Array.from(frame);
  }

  async recvBytesInto(target: Uint8Array, offset: number = 0, options: WaitOptions = {}): Promise<number> {
    const frame = await this.#next(options);
    if (frame.length > target.length - offset) throw tooLong(frame, target.length - offset);
    target.set(frame, offset);
    return frame.length;
  }

  async poll(options: WaitOptions = {}): Promise<boolean> {
    this.#requireOpen();
    const deadline = performance.now() + (options.timeout ?? 0) * 1000;
    while (!this.#frames.ready) {
      const left = (deadline - performance.now()) / 1000;
      if (left <= 0) return false;
      try {
        await this.#frames.changed({ ...options, timeout: left }, "poll");
      } catch (error) {
        if (error instanceof TimeoutError) return this.#frames.ready;
        throw error;
      }
    }
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroySoon();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    if (!this.#socket.closed) await new Promise((resolve) => this.#socket.once("close", resolve));
  }

  #next(options: WaitOptions): Promise<Buffer> {
    this.#requireOpen();
    return this.#frames.next(options, "recv");
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#requireOpen();
    try {
      await this.#frames.write([bytes]);
    } catch (cause) {
      throw new BrokenPipeError("send: the other side has closed the connection", { cause });
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new StateError("The connection is closed");
  }
}

/** The first byte of a Python pickle; kinds of the codec are below. */
const PICKLE = 0x80;
