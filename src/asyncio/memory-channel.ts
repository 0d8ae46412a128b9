import {
  BrokenResourceError,
  ClosedResourceError,
  EOFError,
  Empty,
  Fifo,
  Full,
  type WaitOptions,
  requireInteger,
} from "../core/index.ts";
import { DONE, Waiter, WaiterQueue, refused } from "./waiter.ts";

/**
 * Two ends of a pipe between tasks. `buffer` items may wait in it; with 0 a send waits until someone receives.
 * Ends can be cloned; a side is gone when all its clones are closed: receivers then get EOFError after the last item,
 * senders BrokenResourceError. trio: `open_memory_channel`.
 */
export function openMemoryChannel<T>(
  buffer: number = 0,
): [send: MemorySendChannel<T>, receive: MemoryReceiveChannel<T>] {
  if (buffer !== Infinity) requireInteger("buffer", buffer, 0);
  const pipe: Pipe<T> = {
    buffer,
    items: new Fifo(),
    senders: new WaiterQueue(),
    receivers: new WaiterQueue(),
    openSends: 0,
    openReceives: 0,
  };
  return [new MemorySendChannel(pipe), new MemoryReceiveChannel(pipe)];
}

export interface ChannelStatistics {
  readonly currentBufferUsed: number;
  readonly maxBufferSize: number;
  readonly openSendChannels: number;
  readonly openReceiveChannels: number;
  readonly tasksWaitingSend: number;
  readonly tasksWaitingReceive: number;
}

interface Pipe<T> {
  readonly buffer: number;
  readonly items: Fifo<T>;
  readonly senders: WaiterQueue;
  readonly receivers: WaiterQueue;
  openSends: number;
  openReceives: number;
}

abstract class ChannelEnd<T> implements Disposable, AsyncDisposable {
  protected readonly pipe: Pipe<T>;
  /** The waits begun through this very end, which its `close` ends. */
  protected readonly own: Set<Waiter<any>> = new Set();
  protected closed: boolean = false;

  constructor(pipe: Pipe<T>) {
    this.pipe = pipe;
  }

  statistics(): ChannelStatistics {
    const { pipe } = this;
    return {
      currentBufferUsed: pipe.items.size,
      maxBufferSize: pipe.buffer,
      openSendChannels: pipe.openSends,
      openReceiveChannels: pipe.openReceives,
      tasksWaitingSend: pipe.senders.size,
      tasksWaitingReceive: pipe.receivers.size,
    };
  }

  /** Closes this end; idempotent. Waits that were begun through it end with ClosedResourceError. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const waiter of this.own) waiter.interrupt(closedError());
    this.left();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  protected abstract left(): void;

  protected requireOpen(): void {
    if (this.closed) throw closedError();
  }

  protected async enter<V>(waiter: Waiter<V>, queue: WaiterQueue): Promise<V> {
    this.own.add(waiter);
    try {
      return await waiter.in(queue);
    } finally {
      this.own.delete(waiter);
    }
  }
}

export class MemorySendChannel<T> extends ChannelEnd<T> {
  /** For `openMemoryChannel` and `clone`. */
  constructor(pipe: Pipe<T>) {
    super(pipe);
    pipe.openSends++;
  }

  /** Hands `item` over, waiting while the buffer is full. */
  async send(item: T, options?: WaitOptions): Promise<void> {
    await (refused(options) ?? DONE);
    if (this.#trySend(item)) return;
    await this.enter(new SendWaiter(item, options), this.pipe.senders);
  }

  /** Hands `item` over, or throws Full. */
  sendNowait(item: T): void {
    if (!this.#trySend(item)) throw new Full("Nobody is receiving and the channel's buffer is full");
  }

  clone(): MemorySendChannel<T> {
    this.requireOpen();
    return new MemorySendChannel(this.pipe);
  }

  #trySend(item: T): boolean {
    this.requireOpen();
    const { pipe } = this;
    if (pipe.openReceives === 0) throw brokenError();
    if (pipe.receivers.grantFirst(item)) return true;
    if (pipe.items.size >= pipe.buffer) return false;
    pipe.items.push(item);
    return true;
  }

  protected left(): void {
    if (--this.pipe.openSends === 0) this.pipe.receivers.interruptAll(endError);
  }
}

export class MemoryReceiveChannel<T> extends ChannelEnd<T> implements AsyncIterable<T> {
  /** For `openMemoryChannel` and `clone`. */
  constructor(pipe: Pipe<T>) {
    super(pipe);
    pipe.openReceives++;
  }

  /** Takes the next item; EOFError when the senders are gone and nothing is left. */
  async receive(options?: WaitOptions): Promise<T> {
    await (refused(options) ?? DONE);
    const taken = this.#tryReceive();
    if (taken !== undefined) return taken.item;
    return this.enter(new Waiter<T>("receive", options), this.pipe.receivers);
  }

  /** Takes the next item, or throws Empty. */
  receiveNowait(): T {
    const taken = this.#tryReceive();
    if (taken === undefined) throw new Empty("Nothing has been sent");
    return taken.item;
  }

  clone(): MemoryReceiveChannel<T> {
    this.requireOpen();
    return new MemoryReceiveChannel(this.pipe);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (true) {
      let item: T;
      try {
        item = await this.receive();
      } catch (error) {
        if (error instanceof EOFError) return;
        throw error;
      }
      yield item;
    }
  }

  #tryReceive(): { readonly item: T } | undefined {
    this.requireOpen();
    const { pipe } = this;
    const sender = pipe.senders.first as SendWaiter<T> | undefined;
    if (sender !== undefined) {
      sender.grant();
      pipe.items.push(sender.item);
    }
    if (pipe.items.size > 0) return { item: pipe.items.shift()! };
    if (pipe.openSends === 0) throw endError();
    return undefined;
  }

  protected left(): void {
    if (--this.pipe.openReceives > 0) return;
    this.pipe.items.clear();
    this.pipe.senders.interruptAll(brokenError);
  }
}

class SendWaiter<T> extends Waiter {
  readonly item: T;

  constructor(item: T, options?: WaitOptions) {
    super("send", options);
    this.item = item;
  }
}

const closedError = (): ClosedResourceError =>
  new ClosedResourceError("This end of the channel is closed; clone() gives another before it is closed");
const brokenError = (): BrokenResourceError =>
  new BrokenResourceError("Every receiving end of the channel is closed");
const endError = (): EOFError => new EOFError("Every sending end of the channel is closed");
