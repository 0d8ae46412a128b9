import { UnsupportedError } from "../core/index.ts";
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
