import { invalid, requireInteger } from "../core/index.ts";
import { type Block, type BlockState, receiveBlock } from "../memory/index.ts";
import type { BaseLock } from "./lock.ts";
import { RLock } from "./rlock.ts";
import { type Home, place, shareable } from "./share.ts";
import {
  type Element,
  elements,
  type Elements,
  elementSize,
  fromElement,
  requireTypeCode,
  toElement,
  type TypeCode,
} from "./types.ts";

/**
 * Numbers in shared memory, without a lock. `view` is a typed array over them, the fastest way to work on many.
 * Python: `RawArray`.
 */
export class RawArray<C extends TypeCode = TypeCode> implements Iterable<Element<C>> {
  static {
    shareable(this, import.meta.url, "receiveRawArray", (it: RawArray, to) => ({
      block: it.home.ship(to),
      code: it.code,
      length: it.length,
    }));
  }

  readonly code: C;
  readonly length: number;
  /** The numbers themselves; what is written here is seen by everybody at once. */
  readonly view: Elements;
  protected readonly home: Block;

  /** `content`: how many elements (all zero), or the elements. */
  constructor(code: C, content: number | Iterable<Element<C> | number>, home: Home = "thread") {
    this.code = requireTypeCode("code", code) as C;
    const initial = typeof content === "number" ? null : [...content];
    this.length = requireInteger("content", initial?.length ?? content, 0);
    this.home = place(home, Math.max(2, Math.ceil((this.length * elementSize(code)) / 4)));
    this.view = elements(code, this.home.bytes.buffer, this.home.offset, this.length);
    initial?.forEach((value, index) => (this.view[index] = toElement(code, value)));
  }

  /** Negative indices count from the end. Throws ArgumentError when there is no such element. */
  get(index: number): Element<C> {
    return fromElement(this.code, this.view[this.#at(index)]!);
  }

  set(index: number, value: Element<C> | number): void {
    this.view[this.#at(index)] = toElement(this.code, value);
  }

  /** A copy of the elements from `start` up to `end`. */
  slice(start?: number, end?: number): Element<C>[] {
    const part: Iterable<number | bigint> = this.view.subarray(start, end);
    return Array.from(part, (stored) => fromElement(this.code, stored));
  }

  *[Symbol.iterator](): Generator<Element<C>> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }

  #at(index: number): number {
    const at = index < 0 ? index + this.length : index;
    if (!Number.isInteger(index) || at < 0 || at >= this.length)
      throw invalid("index", index, `an integer from ${-this.length} to ${this.length - 1}`);
    return at;
  }
}

/** Numbers in shared memory with a lock. Python: `multiprocessing.Array`. */
export class SharedArray<C extends TypeCode = TypeCode> extends RawArray<C> {
  static {
    shareable(this, import.meta.url, "receiveArray", (it: SharedArray, to) => ({
      block: it.home.ship(to),
      code: it.code,
      length: it.length,
      lock: it.#lock,
    }));
  }

  readonly #lock: BaseLock;

  constructor(
    code: C,
    content: number | Iterable<Element<C> | number>,
    options: { readonly lock?: BaseLock } = {},
    home: Home = "thread",
  ) {
    super(code, content, home);
    this.#lock = options.lock ?? new RLock(this.home.segment.kind);
  }

  getLock(): BaseLock {
    return this.#lock;
  }

  /** The same elements without the lock. */
  getObj(): RawArray<C> {
    return new RawArray(this.code, this.length, this.home);
  }

  with<R>(fn: () => R | PromiseLike<R>): Promise<R> {
    return this.#lock.with(fn);
  }

  withSync<R>(fn: () => R): R {
    return this.#lock.withSync(fn);
  }
}

interface RawArrayState {
  readonly block: BlockState;
  readonly code: TypeCode;
  readonly length: number;
}

/** The other side of a RawArray's crossing; found by name. @public */
export function receiveRawArray(state: RawArrayState): RawArray {
  return new RawArray(state.code, state.length, receiveBlock(state.block));
}

/** The other side of an Array's crossing; found by name. @public */
export function receiveArray(state: RawArrayState & { readonly lock: BaseLock }): SharedArray {
  return new SharedArray(state.code, state.length, { lock: state.lock }, receiveBlock(state.block));
}
