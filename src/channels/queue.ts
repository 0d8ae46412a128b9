import {
  Empty,
  Full,
  requireFunction,
  requireInteger,
  requireWait,
  ShutDown,
  untilShutDown,
  StateError,
  type WaitOptions,
} from "../core/index.ts";
import { Block, type BlockState, type Read, receiveBlock, Ring, runAsync, runSync } from "../memory/index.ts";
import { type Home, shareable } from "../sync/index.ts";
import { decode, decodeInPlace, encode, type Encoded } from "./codec.ts";

/**
 * A first-in first-out queue between any number of threads and processes, in shared memory.
 *
 * An item that `put` has accepted is in that memory: neither the death of its producer nor that of a consumer that
 * has not yet returned from `get` loses it. Without `maxSize` the queue grows as needed. Items are copied; text,
 * buffers and typed arrays as they are, everything else by structured clone, functions and shareable objects too.
 * Python: `multiprocessing.Queue`, `queue.Queue`; there is no feeder thread, so `joinThread` has nothing to wait for.
 */
export class Queue<T = unknown> implements AsyncIterable<T> {
  static {
    shareable(this, import.meta.url, "receiveQueue", (it: Queue, to) => it.block.ship(to));
  }

  protected readonly block: Block;
  protected readonly words: Int32Array;
  readonly #ring: Ring;
  #closed = false;

  /** `maxSize`: most items waiting; 0 means no limit. */
  constructor(maxSize: number = 0, home: Home = "thread") {
    requireInteger("maxSize", maxSize, 0, 0x7fffffff);
    this.block = home instanceof Block ? home : Ring.create(home, maxSize);
    this.words = this.block.words;
    this.#ring = new Ring(this.block, {
      whenEmpty: () => this.#refuseGet(),
      whenFull: () => this.#refusePut(),
    });
  }

  /** Puts an item at the end; waits while the queue is full. Throws Full after `timeout` seconds, ShutDown. */
  async put(item: T, options: WaitOptions = {}): Promise<void> {
    const { kind, length, write } = this.encode(item);
    if (this.#ring.tryPut(length, kind, write)) return;
    requireWait(options);
    const put = await runAsync((waiter) => this.#ring.put(waiter, length, kind, write), options);
    if (!put) throw full(options.timeout);
  }

  /** As `put`, blocking the thread while the queue is full. */
  putSync(item: T, options: WaitOptions = {}): void {
    const { kind, length, write } = this.encode(item);
    if (this.#ring.tryPut(length, kind, write)) return;
    requireWait(options);
    if (!runSync((waiter) => this.#ring.put(waiter, length, kind, write), options))
      throw full(options.timeout);
  }

  /** Puts an item if there is room, else throws Full. */
  putNowait(item: T): void {
    const { kind, length, write } = this.encode(item);
    // A queue without a limit of items is never full, only to be enlarged.
    if (!this.#ring.tryPut(length, kind, write, true)) throw full(0);
  }

  /** Takes the first item; waits while there is none. Throws Empty after `timeout` seconds, ShutDown. */
  async get(options: WaitOptions = {}): Promise<T> {
    const taken =
      this.#ring.tryGet(decode) ??
      (requireWait(options), await runAsync((waiter) => this.#ring.get(waiter, decode), options));
    if (taken === undefined) throw empty(options.timeout);
    return taken.value as T;
  }

  /** As `get`, blocking the thread while there is no item. */
  getSync(options: WaitOptions = {}): T {
    const taken =
      this.#ring.tryGet(decodeNow) ??
      (requireWait(options), runSync((waiter) => this.#ring.get(waiter, decodeNow), options));
    if (taken === undefined) throw empty(options.timeout);
    return taken.value as T;
  }

  /** Takes the first item if there is one, else throws Empty. */
  getNowait(): T {
    const taken = this.#ring.tryGet(decodeNow);
    if (taken !== undefined) return taken.value as T;
    this.#refuseGet();
    throw empty(0);
  }

  /**
   * Takes the first item by looking at it where it lies: `fn` gets bytes and typed arrays as views of the shared memory,
   * good until it returns, so nothing is copied or allocated. The item is taken when `fn` has returned; when `fn`
   * throws, or this process dies in it, the item stays first in the queue. Other consumers wait meanwhile, so be brief.
   */
  async getWith<R>(fn: (item: T) => R, options: WaitOptions = {}): Promise<R> {
    requireFunction("fn", fn);
    const read = inPlace(fn);
    const taken =
      this.#ring.tryGet(read) ??
      (requireWait(options), await runAsync((waiter) => this.#ring.get(waiter, read), options));
    if (taken === undefined) throw empty(options.timeout);
    return taken.value;
  }

  getWithSync<R>(fn: (item: T) => R, options: WaitOptions = {}): R {
    requireFunction("fn", fn);
    const read = inPlace(fn);
    const taken =
      this.#ring.tryGet(read) ??
      (requireWait(options), runSync((waiter) => this.#ring.get(waiter, read), options));
    if (taken === undefined) throw empty(options.timeout);
    return taken.value;
  }

  get maxSize(): number {
    return this.#ring.maxItems;
  }

  /** How many items are waiting; exact, on every system. */
  qsize(): number {
    return this.#ring.size;
  }

  empty(): boolean {
    return !this.#ring.ready;
  }

  full(): boolean {
    return this.#ring.full;
  }

  /**
   * Ends the queue for everybody: `put` throws ShutDown from now on, and so does `get` once the queue is empty (at
   * once with `immediate`, which drops what is in it). Python: `queue.Queue.shutdown` (3.13).
   */
  shutdown({ immediate = false }: { readonly immediate?: boolean } = {}): void {
    Atomics.or(this.words, FLAGS, immediate ? SHUT | IMMEDIATE : SHUT);
    if (immediate) while (this.#ring.tryGet(nothing) !== undefined) this.dropped();
    this.#ring.stir();
  }

  /** This thread will put nothing more; others may. Idempotent. */
  close(): void {
    this.#closed = true;
  }

  /** For programs translated from Python: what was put is in shared memory already. */
  async joinThread(): Promise<void> {
    if (!this.#closed) throw new StateError("joinThread: call close() first");
  }

  /** For programs translated from Python: nothing needs to be flushed at exit, so there is nothing to cancel. */
  cancelJoinThread(): void {}

  /** Takes items until the queue is shut down and empty. */
  [Symbol.asyncIterator](): AsyncGenerator<T> {
    return untilShutDown(() => this.get());
  }

  protected encode(item: T): Encoded {
    this.#refusePut();
    return encode(item);
  }

  /** An item was thrown away by an immediate shutdown. */
  protected dropped(): void {}

  #refusePut(): void {
    if (this.#closed)
      throw new StateError("put: the queue was closed here; another thread's end is not affected");
    if ((Atomics.load(this.words, FLAGS) & SHUT) !== 0) throw new ShutDown("put: the queue was shut down");
  }

  #refuseGet(): void {
    const flags = Atomics.load(this.words, FLAGS);
    if ((flags & SHUT) !== 0 && ((flags & IMMEDIATE) !== 0 || !this.#ring.ready))
      throw new ShutDown("get: the queue was shut down and is empty");
  }
}

/** The first of the spare words; joinable-queue.ts has those behind it. */
const [FLAGS] = Ring.spareWords;
const SHUT = 1;
const IMMEDIATE = 2;

const nothing = (): void => {};

function inPlace<T, R>(fn: (item: T) => R): Read<R> {
  return (source, offset, length, kind) => {
    const item = decodeInPlace(source, offset, length, kind);
    return fn(requireDecoded(item) as T);
  };
}

export function decodeNow(source: Buffer, offset: number, length: number, kind: number): unknown {
  return requireDecoded(decode(source, offset, length, kind));
}

function requireDecoded(value: unknown): unknown {
  if (!(value instanceof Promise)) return value;
  value.catch(nothing);
  throw new StateError(
    "The item holds something whose module is not loaded here yet, which cannot be done while blocking. " +
      "Import it first, or use `await get()`. The item is still in the queue",
  );
}

export function full(timeout: number | undefined): Full {
  return new Full(timeout ? `The queue was full for ${timeout} s` : "The queue is full");
}

export function empty(timeout: number | undefined): Empty {
  return new Empty(timeout ? `The queue was empty for ${timeout} s` : "The queue is empty");
}

/** The other side of a Queue's crossing; found by name. @public */
export function receiveQueue(state: BlockState): Queue {
  return new Queue(0, receiveBlock(state));
}
