import { ShutDown, StateError, UnsupportedError, type WaitOptions } from "../core/index.ts";
import { decode, encode } from "./codec.ts";
import { type ServedLock, ServedRLock } from "./served-locks.ts";
import { isMade, type Made, Served } from "./served-object.ts";

interface WithLock {
  readonly lock?: ServedLock;
}

export class ServedRawValue extends Served {
  static override readonly type: string = "RawValue";
  readonly code: string;

  constructor(code: string | Made, initial?: unknown) {
    super(isMade(code) ? code : { type: ServedRawValue.type, args: [code, initial] });
    this.code = isMade(code) ? code.extra.code : code;
  }
  get value(): any {
    return this.reach.read("value");
  }
  set value(value: any) {
    this.reach.write("value", value);
  }
  protected override get extra(): { readonly code: string; readonly lock?: ServedLock } {
    return { code: this.code };
  }
}

export class ServedValue extends ServedRawValue {
  static override readonly type: string = "Value";
  readonly #lock: ServedLock;

  constructor(code: string | Made, initial?: unknown, { lock }: WithLock = {}) {
    super(code, initial);
    this.#lock = isMade(code) ? code.extra.lock : (lock ?? new ServedRLock());
  }
  getLock(): ServedLock {
    return this.#lock;
  }
  getObj(): ServedRawValue {
    return new ServedRawValue(this.reach.depart({ code: this.code }));
  }
  with<R>(fn: () => R | PromiseLike<R>): Promise<R> {
    return this.#lock.with(fn);
  }
  withSync<R>(fn: () => R): R {
    return this.#lock.withSync(fn);
  }
  add(amount: any): any {
    const more = typeof this.value === "bigint" ? BigInt(amount) : Number(amount);
    return this.#lock.withSync(() => {
      this.value += more;
      return this.value;
    });
  }
  protected override get extra(): { readonly code: string; readonly lock?: ServedLock } {
    return { code: this.code, lock: this.#lock };
  }
}

export class ServedRawArray extends Served implements Iterable<any> {
  static override readonly type: string = "RawArray";
  readonly code: string;
  readonly length: number;

  constructor(code: string | Made, content: number | Iterable<unknown> = 0) {
    const args = [code, typeof content === "number" ? content : [...content]];
    super(isMade(code) ? code : { type: ServedRawArray.type, args });
    this.code = isMade(code) ? code.extra.code : code;
    this.length = isMade(code) ? code.extra.length : this.reach.read("length");
  }
  get view(): never {
    throw new UnsupportedError("A view needs shared memory (npm install koffi); use get, set and slice");
  }
  get(index: number): any {
    return this.reach.now("get", index);
  }
  set(index: number, value: unknown): void {
    this.reach.now("set", index, value);
  }
  slice(start?: number, end?: number): any[] {
    return this.reach.now("slice", start, end);
  }
  [Symbol.iterator](): Iterator<any> {
    return this.slice()[Symbol.iterator]();
  }
  protected override get extra(): object {
    return { code: this.code, length: this.length };
  }
}

export class ServedArray extends ServedRawArray {
  static override readonly type: string = "Array";
  readonly #lock: ServedLock;

  constructor(code: string | Made, content: number | Iterable<unknown> = 0, { lock }: WithLock = {}) {
    super(code, content);
    this.#lock = isMade(code) ? code.extra.lock : (lock ?? new ServedRLock());
  }
  getLock(): ServedLock {
    return this.#lock;
  }
  getObj(): ServedRawArray {
    return new ServedRawArray(this.reach.depart(super.extra));
  }
  with<R>(fn: () => R | PromiseLike<R>): Promise<R> {
    return this.#lock.with(fn);
  }
  withSync<R>(fn: () => R): R {
    return this.#lock.withSync(fn);
  }
  protected override get extra(): object {
    return { ...super.extra, lock: this.#lock };
  }
}

/** Items cross as the bytes they are in shared memory too, so that the service never runs what is in them. */
export class ServedQueue extends Served implements AsyncIterable<any> {
  static override readonly type: string = "Queue";
  #closed = false;

  constructor(maxSize: number | Made = 0, type: string = ServedQueue.type) {
    super(isMade(maxSize) ? maxSize : { type, args: [maxSize] });
  }
  async put(item: unknown, options: WaitOptions = {}): Promise<void> {
    return this.reach.wait("put", [this.#pack(item)], options);
  }
  putSync(item: unknown, options: WaitOptions = {}): void {
    this.reach.block("put", [this.#pack(item)], options);
  }
  putNowait(item: unknown): void {
    this.reach.now("putNowait", this.#pack(item));
  }
  async get(options: WaitOptions = {}): Promise<any> {
    return unpack(await this.reach.wait("get", [], options));
  }
  getSync(options: WaitOptions = {}): any {
    return unpackNow(this.reach.block("get", [], options));
  }
  getNowait(): any {
    return unpackNow(this.reach.now("getNowait"));
  }
  getWith(): never {
    throw new UnsupportedError("getWith needs shared memory (npm install koffi); use get");
  }
  getWithSync(): never {
    return this.getWith();
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

  async *[Symbol.asyncIterator](): AsyncGenerator<any> {
    for (;;) {
      let item: unknown;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof ShutDown) return;
        throw error;
      }
      yield item;
    }
  }

  #pack(item: unknown): Uint8Array {
    if (this.#closed)
      throw new StateError("put: the queue was closed here; another thread's end is not affected");
    const { kind, length, write } = encode(item);
    const bytes = Buffer.allocUnsafeSlow(length + 1);
    bytes[0] = kind;
    write(bytes, 1);
    return new Uint8Array(bytes.buffer);
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

function unpack(bytes: Uint8Array): unknown {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decode(source, 1, source.length - 1, source[0]!);
}

function unpackNow(bytes: Uint8Array): unknown {
  const value = unpack(bytes);
  if (!(value instanceof Promise)) return value;
  value.catch(() => {});
  throw new StateError(
    "The item held something whose module is not loaded here yet, which cannot be done while blocking. " +
      "Import it first, or use `await get()`. The item is lost",
  );
}
