import { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { WaitOptions } from "../../core/index.ts";
import { DONE, Waiter, WaiterQueue, refused } from "../waiter.ts";

/** What `getExtraInfo` knows. */
export interface ExtraInfo {
  readonly peername: { readonly address: string | undefined; readonly port: number | undefined };
  readonly sockname: { readonly address: string | undefined; readonly port: number | undefined };
  readonly socket: Socket | undefined;
}

/**
 * Writes bytes. `write` only queues them; `await drain()` after it waits while the other side is slower.
 * `await using` closes and waits. Python: `asyncio.StreamWriter`.
 */
export class StreamWriter implements AsyncDisposable {
  readonly #stream: Writable;
  readonly #waiters = new WaiterQueue();
  #closed = false;
  #error: Error | undefined = undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    const wake = (): void => this.#waiters.grantAll(undefined);
    stream.on("drain", wake);
    stream.once("error", (error: Error) => {
      this.#error = error;
      wake();
    });
    stream.once("close", () => {
      this.#closed = true;
      wake();
    });
  }

  write(data: string | Uint8Array): void {
    this.#stream.write(data);
  }

  writelines(lines: Iterable<string | Uint8Array>): void {
    this.#stream.cork();
    for (const line of lines) this.#stream.write(line);
    this.#stream.uncork();
  }

  /** Waits until the buffer has room again; throws the error that the stream broke with. */
  async drain(options?: WaitOptions): Promise<void> {
    await (refused(options) ?? DONE);
    while (this.#stream.writableNeedDrain && !this.#closed && this.#error === undefined) {
      await new Waiter("StreamWriter.drain", options).in(this.#waiters);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** Says that no more will be written; reading goes on. */
  writeEof(): void {
    this.#stream.end();
  }

  isClosing(): boolean {
    return this.#stream.writableEnded || this.#stream.destroyed;
  }

  /** Closes when everything that was written is out. */
  close(): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableFinished) stream.destroy();
    else if (stream instanceof Socket) stream.destroySoon();
    else stream.end(() => stream.destroy());
  }

  /** Closes at once; what was not sent is lost. */
  abort(): void {
    this.#stream.destroy();
  }

  /** Waits until it is closed; throws the error that it broke with. */
  async waitClosed(options?: WaitOptions): Promise<void> {
    while (!this.#closed) await new Waiter("StreamWriter.waitClosed", options).in(this.#waiters);
    if (this.#error !== undefined) throw this.#error;
  }

  getExtraInfo<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] {
    const socket = this.#stream instanceof Socket ? this.#stream : undefined;
    const info: ExtraInfo = {
      peername: { address: socket?.remoteAddress, port: socket?.remotePort },
      sockname: { address: socket?.localAddress, port: socket?.localPort },
      socket,
    };
    return info[name];
  }

  /** Closes and waits; if the wait is cancelled, closes at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    try {
      await this.waitClosed();
    } catch (error) {
      this.abort();
      if (error !== this.#error) throw error;
    }
  }
}
