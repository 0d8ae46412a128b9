import {
  Empty,
  Fifo,
  Full,
  ShutDown,
  StateError,
  type WaitOptions,
  requireInteger,
  untilShutDown,
} from "../core/index.ts";
import { DONE, Waiter, WaiterQueue, refused } from "./waiter.ts";

/** Where a queue keeps what it holds; decides the order. */
export interface Store<T> {
  readonly size: number;
  push(item: T): void;
  shift(): T | undefined;
  clear(): void;
}

/**
 * A first-in first-out queue between tasks of one event loop; `maxSize` 0 means unbounded. An item is handed straight
 * to the longest waiter, and a handed-over item is never lost to a cancellation of the same moment.
 * `for await (const item of queue)` takes until the queue is shut down. Items that are thenables (tasks, promises)
 * would be awaited on their way out of `get`: put them in an object. Python: `asyncio.Queue`.
 *
 *     open --shutdown()--> draining (put refused) --last item taken--> shut down (get refused)
 *        \--shutdown({ immediate: true })-----------------------------^
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly maxSize: number;
  readonly #store: Store<T>;
  readonly #getters = new WaiterQueue();
  readonly #putters = new WaiterQueue();
  readonly #joiners = new WaiterQueue();
  #unfinished = 0;
  #shut = false;

  constructor(maxSize: number = 0, store: Store<T> = new Fifo<T>()) {
    this.maxSize = requireInteger("maxSize", maxSize, 0);
    this.#store = store;
  }

  qsize(): number {
    return this.#store.size;
  }

  empty(): boolean {
    return this.#store.size === 0;
  }

  full(): boolean {
    return this.maxSize > 0 && this.#store.size >= this.maxSize;
  }

  /** Adds an item, waiting for room if the queue is full. Throws ShutDown. */
  put(item: T, options?: WaitOptions): Promise<void> {
    const refusal = refused(options);
    if (refusal !== undefined) return refusal;
    if (this.#shut) return Promise.reject(shutDown("put"));
    if (this.full()) return new PutWaiter(item, options).in(this.#putters);
    this.#add(item);
    return DONE;
  }

  /** Adds an item or throws Full. */
  putNowait(item: T): void {
    if (this.#shut) throw shutDown("putNowait");
    if (this.full()) throw new Full(`The queue holds ${this.maxSize} items, its maximum`);
    this.#add(item);
  }

  /** Takes the next item, waiting for one if the queue is empty. Throws ShutDown once it is drained. */
  get(options?: WaitOptions): Promise<T> {
    const refusal = refused(options);
    if (refusal !== undefined) return refusal;
    if (this.#store.size > 0) return Promise.resolve(this.#take());
    if (this.#shut) return Promise.reject(shutDown("get"));
    return new Waiter<T>("Queue.get", options).in(this.#getters);
  }

  /** Takes the next item or throws Empty. */
  getNowait(): T {
    if (this.#store.size > 0) return this.#take();
    throw this.#shut ? shutDown("getNowait") : new Empty("The queue is empty");
  }

  /** Says that an item that was taken has been dealt with. Python: `task_done`. */
  taskDone(): void {
    if (this.#unfinished === 0) throw new StateError("taskDone() called more often than items were put");
    if (--this.#unfinished === 0) this.#joiners.grantAll(undefined);
  }

  /** Waits until every item that was put has been taken and declared done. */
  join(options?: WaitOptions): Promise<void> {
    const refusal = refused(options);
    if (refusal !== undefined) return refusal;
    return this.#unfinished === 0 ? DONE : new Waiter("Queue.join", options).in(this.#joiners);
  }

  /** Refuses new items and, once drained (or at once, dropping the items, if `immediate`), takers too. */
  shutdown(options: { readonly immediate?: boolean } = {}): void {
    this.#shut = true;
    if (options.immediate) {
      this.#unfinished -= this.#store.size;
      this.#store.clear();
      if (this.#unfinished <= 0) this.#joiners.grantAll(undefined);
      this.#unfinished = Math.max(0, this.#unfinished);
    }
    this.#putters.interruptAll(() => shutDown("put"));
    if (this.#store.size === 0) this.#getters.interruptAll(() => shutDown("get"));
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return untilShutDown(() => this.get());
  }

  #add(item: T): void {
    this.#unfinished++;
    if (this.#store.size === 0 && this.#getters.grantFirst(item)) return;
    this.#store.push(item);
  }

  /** Takes one and lets the longest waiting putter fill the gap. */
  #take(): T {
    const item = this.#store.shift()!;
    const putter = this.#putters.first as PutWaiter<T> | undefined;
    if (putter !== undefined) {
      putter.grant();
      this.#unfinished++;
      this.#store.push(putter.item);
    }
    return item;
  }
}

/** A put that waits for room, with what it wants to put. */
class PutWaiter<T> extends Waiter {
  readonly item: T;

  constructor(item: T, options?: WaitOptions) {
    super("Queue.put", options);
    this.item = item;
  }
}

function shutDown(call: string): ShutDown {
  return new ShutDown(`${call}(): the queue was shut down`);
}
