import type { Readable } from "node:stream";
import {
  IncompleteReadError,
  LimitOverrunError,
  StateError,
  type WaitOptions,
  invalid,
  requireInteger,
} from "../../core/index.ts";
import { Waiter, refused } from "../waiter.ts";

/** Python's default: a line longer than this is more likely an attack or a mistake. */
export const DEFAULT_LIMIT: number = 64 * 1024;

/**
 * Reads bytes as they are asked for. What is not asked for stays in the operating system's buffers, so that a slow
 * reader slows its sender down. One read at a time. Python: `asyncio.StreamReader`.
 */
export class StreamReader implements AsyncIterable<Buffer> {
  readonly #stream: Readable;
  readonly #limit: number;
  #buffer: Buffer = EMPTY;
  #ended = false;
  #error: Error | undefined = undefined;
  #waiter: Waiter | undefined = undefined;

  constructor(stream: Readable, limit: number = DEFAULT_LIMIT) {
    this.#stream = stream;
    this.#limit = requireInteger("limit", limit, 1);
    const wake = (): void => void this.#waiter?.grant();
    stream.on("readable", wake);
    stream.once("end", () => {
      this.#ended = true;
      wake();
    });
    stream.once("close", () => {
      this.#ended = true;
      wake();
    });
    stream.once("error", (error: Error) => {
      this.#error = error;
      wake();
    });
  }

  /** Whether the end has come and everything was read. */
  atEof(): boolean {
    return this.#ended && this.#buffer.length === 0 && this.#stream.readableLength === 0;
  }

  /** Up to `n` bytes, at least one; empty at the end. Without `n`: everything until the end. */
  async read(n: number = -1, options?: WaitOptions): Promise<Buffer> {
    const refusal = refused(options);
    if (refusal !== undefined) await refusal;
    if (n < 0) return this.#readAll(options);
    if (n === 0) return EMPTY;
    while (this.#buffer.length === 0 && (await this.#fill(options)));
    return this.#take(Math.min(n, this.#buffer.length));
  }

  /** A line with its "\n"; what is left without one at the end; empty after that. */
  async readline(options?: WaitOptions): Promise<Buffer> {
    try {
      return await this.readuntil("\n", options);
    } catch (error) {
      if (error instanceof IncompleteReadError) return error.partial;
      throw error;
    }
  }

  /** Exactly `n` bytes; IncompleteReadError (with what came) if the stream ends before. */
  async readexactly(n: number, options?: WaitOptions): Promise<Buffer> {
    requireInteger("n", n, 0);
    const refusal = refused(options);
    if (refusal !== undefined) await refusal;
    const parts: Buffer[] = [];
    let missing = n;
    while (missing > 0) {
      if (this.#buffer.length === 0 && !(await this.#fill(options))) {
        throw new IncompleteReadError(Buffer.concat(parts), n);
      }
      const part = this.#take(Math.min(missing, this.#buffer.length));
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Up to and including `separator`. IncompleteReadError at the end, LimitOverrunError beyond the limit. */
  async readuntil(separator: string | Buffer = "\n", options?: WaitOptions): Promise<Buffer> {
    const wanted = Buffer.from(separator);
    if (wanted.length === 0) throw invalid("separator", separator, "at least one byte");
    const refusal = refused(options);
    if (refusal !== undefined) await refusal;
    for (let from = 0; ;) {
      const at = this.#buffer.indexOf(wanted, from);
      if (at >= 0 && at + wanted.length <= this.#limit) return this.#take(at + wanted.length);
      if (at >= 0 || this.#buffer.length > this.#limit) throw this.#overrun();
      from = Math.max(0, this.#buffer.length - wanted.length + 1);
      if (!(await this.#fill(options))) {
        throw new IncompleteReadError(this.#take(this.#buffer.length), undefined);
      }
    }
  }

  /** Lines, until the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (let line = await this.readline(); line.length > 0; line = await this.readline()) yield line;
  }

  async #readAll(options?: WaitOptions): Promise<Buffer> {
    const parts: Buffer[] = [];
    do parts.push(this.#take(this.#buffer.length));
    while (await this.#fill(options));
    return Buffer.concat(parts);
  }

  /** Brings more bytes into the buffer; false at the end. */
  async #fill(options?: WaitOptions): Promise<boolean> {
    while (true) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk !== null) {
        this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
        return true;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return false;
      await this.#moreToCome(options);
    }
  }

  async #moreToCome(options?: WaitOptions): Promise<void> {
    if (this.#waiter !== undefined) {
      throw new StateError("Another task is reading from this stream; one read at a time");
    }
    this.#waiter = new Waiter("StreamReader.read", options);
    try {
      await this.#waiter.promise;
    } finally {
      this.#waiter = undefined;
    }
  }

  #take(n: number): Buffer {
    const taken = this.#buffer.subarray(0, n);
    this.#buffer = n === this.#buffer.length ? EMPTY : this.#buffer.subarray(n);
    return taken;
  }

  #overrun(): LimitOverrunError {
    return new LimitOverrunError(
      `No separator within ${this.#limit} bytes; give the stream a higher \`limit\` if such lines are expected`,
    );
  }
}

const EMPTY = Buffer.alloc(0);
