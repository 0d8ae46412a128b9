import { BufferTooShort, type WaitOptions } from "../core/index.ts";

/**
 * One end of a two-way channel: what `Pipe`, `Listener.accept` and `Client` give. Messages arrive whole and in order.
 * Python: `multiprocessing.connection.Connection`.
 */
export interface Connection extends AsyncDisposable, Disposable {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly closed: boolean;
  /** Sends any value that can be cloned, functions and shareable objects included. Waits while the channel is full. */
  send(value: unknown, options?: WaitOptions): Promise<void>;
  /** The next value. Throws EOFError when all was read and nobody holds the other end. */
  recv<T = any>(options?: WaitOptions): Promise<T>;
  /** Sends bytes as one message. */
  sendBytes(bytes: Uint8Array, options?: WaitOptions): Promise<void>;
  /** The next message of bytes. Throws BufferTooShort, and loses the message, when it has more than `maxLength`. */
  recvBytes(options?: ReceiveBytesOptions): Promise<Uint8Array>;
  /** Reads the next message into `target` from `offset` and gives its length; BufferTooShort carries it otherwise. */
  recvBytesInto(target: Uint8Array, offset?: number, options?: WaitOptions): Promise<number>;
  /** Whether a message can be read (or the end was reached); waits up to `timeout` seconds, by default not at all. */
  poll(options?: WaitOptions): Promise<boolean>;
  /** Gives this end up. Idempotent. */
  close(): void;
}

export interface ReceiveBytesOptions extends WaitOptions {
  readonly maxLength?: number;
}

/** Waits until one or more can be read or have settled, and returns those. Python: `multiprocessing.connection.wait`. */
export async function wait<W extends Waitable>(
  waited: readonly W[],
  options: WaitOptions = {},
): Promise<W[]> {
  const ready = new Set<W>();
  const done = new AbortController();
  const limit = { signal: options.signal ? AbortSignal.any([options.signal, done.signal]) : done.signal };
  const each = waited.map(async (one) => {
    try {
      if ("poll" in one)
        await one
          .poll({ ...limit, timeout: options.timeout ?? Infinity })
          .then((can) => can && ready.add(one));
      else ready.add((await one, one));
    } catch (error) {
      if (limit.signal.aborted) return;
      ready.add(one);
      void error;
    }
  });
  const timeUp = waited.some((one) => !("poll" in one)) ? after(options, done.signal) : NEVER;
  await Promise.race([...each, timeUp, Promise.all(each)]);
  // What became ready in the same turn belongs to the answer.
  await Promise.resolve();
  done.abort();
  options.signal?.throwIfAborted();
  return waited.filter((one) => ready.has(one));
}

/** A connection, or a promise such as a process's `sentinel`. */
export type Waitable = Connection | PromiseLike<unknown>;

/** A message of bytes that does not fit; `bytes` is the whole of it. */
export function tooLong(bytes: Uint8Array, room: number): BufferTooShort {
  return Object.assign(new BufferTooShort(`A message of ${bytes.length} bytes does not fit into ${room}`), {
    bytes,
  });
}

const NEVER = new Promise<never>(() => {});

function after({ timeout = Infinity }: WaitOptions, signal: AbortSignal): Promise<void> {
  if (timeout === Infinity) return NEVER;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout * 1000);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}
