import {
  requireFunction,
  requireInteger,
  StateError,
  untilShutDown,
  type WaitOptions,
} from "../core/index.ts";
import type { Read } from "../memory/index.ts";
import { decode, encode } from "./codec.ts";
import { decodeNow, empty, full } from "./queue.ts";
import { packMessage, readLoan } from "./served-message.ts";
import { isMade, type Made, Served } from "./served-object.ts";
import type { Loan } from "./service-line.ts";

/** A queue between processes that share no memory; see Queue. */
export class ServedQueue extends Served implements AsyncIterable<any> {
  static override readonly type: string = "Queue";
  #closed = false;

  constructor(maxSize: number | Made = 0, type: string = ServedQueue.type) {
    super(isMade(maxSize) ? maxSize : { type, args: [requireInteger("maxSize", maxSize, 0, 0x7fffffff)] });
  }
  async put(item: unknown, options: WaitOptions = {}): Promise<void> {
    if (!(await this.reach.wait("put", [this.#pack(item)], options))) throw full(options.timeout);
  }
  putSync(item: unknown, options: WaitOptions = {}): void {
    if (!this.reach.block("put", [this.#pack(item)], options)) throw full(options.timeout);
  }
  putNowait(item: unknown): void {
    if (!this.reach.now("tryPut", this.#pack(item))) throw full(0);
  }
  async get(options: WaitOptions = {}): Promise<any> {
    return this.#read(await this.reach.wait("get", [], options), decode, options);
  }
  getSync(options: WaitOptions = {}): any {
    return this.#read(this.reach.block("get", [], options), decodeNow, options);
  }
  getNowait(): any {
    return this.#read(this.reach.now("getNowait"), decodeNow, { timeout: 0 });
  }
  async getWith<R>(fn: (item: any) => R, options: WaitOptions = {}): Promise<R> {
    requireFunction("fn", fn);
    return this.#read(await this.reach.wait("get", [], options), looking(fn), options);
  }
  getWithSync<R>(fn: (item: any) => R, options: WaitOptions = {}): R {
    requireFunction("fn", fn);
    return this.#read(this.reach.block("get", [], options), looking(fn), options);
  }
  get maxSize(): number {
    return this.reach.read("maxSize");
  }
  qsize(): number {
    return this.reach.now("qsize");
  }
  empty(): boolean {
    return this.reach.now("empty");
  }
  full(): boolean {
    return this.reach.now("full");
  }
  shutdown(options: { readonly immediate?: boolean } = {}): void {
    this.reach.now("shutdown", options);
  }
  close(): void {
    this.#closed = true;
  }
  async joinThread(): Promise<void> {
    if (!this.#closed) throw new StateError("joinThread: call close() first");
  }
  cancelJoinThread(): void {}

  [Symbol.asyncIterator](): AsyncGenerator<any> {
    return untilShutDown(() => this.get());
  }

  #pack(item: unknown): Uint8Array {
    if (this.#closed)
      throw new StateError("put: the queue was closed here; another thread's end is not affected");
    return packMessage(encode(item));
  }

  #read<T>(loan: Loan | undefined, read: Read<T>, options: WaitOptions): T {
    if (loan === undefined) throw empty(options.timeout);
    return readLoan(this.reach, loan, read);
  }
}

export class ServedJoinableQueue extends ServedQueue {
  static override readonly type: string = "JoinableQueue";

  constructor(maxSize: number | Made = 0) {
    super(maxSize, ServedJoinableQueue.type);
  }
  taskDone(): void {
    this.reach.now("taskDone");
  }
  join(options: WaitOptions = {}): Promise<boolean> {
    return this.reach.wait("join", [], options);
  }
  joinSync(options: WaitOptions = {}): boolean {
    return this.reach.block("join", [], options);
  }
  get unfinished(): number {
    return this.reach.read("unfinished");
  }
}

/** The bytes that came are this thread's own, so what is looked at may be kept. */
function looking<R>(fn: (item: any) => R): Read<R> {
  return (source, offset, length, kind) => fn(decodeNow(source, offset, length, kind));
}
