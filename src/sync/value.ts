import { type Block, type BlockState, MUTEX_WORDS, receiveBlock } from "../memory/index.ts";
import type { BaseLock } from "./lock.ts";
import { RLock } from "./rlock.ts";
import { type Home, place, shareable } from "./share.ts";
import {
  type Element,
  elements,
  type Elements,
  fromElement,
  requireTypeCode,
  toElement,
  type TypeCode,
} from "./types.ts";

/** One number in shared memory, without a lock: `value += 1` from two sides loses updates. Python: `RawValue`. */
export class RawValue<C extends TypeCode = TypeCode> {
  static {
    shareable(this, import.meta.url, "receiveRawValue", (it: RawValue, to) => ({
      block: it.home.ship(to),
      code: it.code,
    }));
  }

  readonly code: C;
  protected readonly home: Block;
  protected readonly cell: Elements;

  constructor(code: C, initial?: Element<C> | number, home: Home = "thread") {
    this.code = requireTypeCode("code", code) as C;
    this.home = place(home, WORDS);
    this.cell = elements(code, this.home.bytes.buffer, this.home.offset, 1);
    if (initial !== undefined) this.value = initial as Element<C>;
  }

  get value(): Element<C> {
    return fromElement(this.code, this.cell[0]!);
  }

  set value(value: Element<C> | number) {
    this.cell[0] = toElement(this.code, value);
  }
}

/**
 * One number in shared memory with a lock for changes that read and write. Python: `multiprocessing.Value`.
 *
 *     counter.withSync(() => counter.value++);
 */
export class Value<C extends TypeCode = TypeCode> extends RawValue<C> {
  static {
    shareable(this, import.meta.url, "receiveValue", (it: Value, to) => ({
      block: it.home.ship(to),
      code: it.code,
      lock: it.#lock,
    }));
  }

  readonly #lock: BaseLock;

  /** `lock`: the lock to use; an RLock of the same memory unless given. */
  constructor(
    code: C,
    initial?: Element<C> | number,
    options: { readonly lock?: BaseLock } = {},
    home: Home = "thread",
  ) {
    super(code, initial, home);
    this.#lock = options.lock ?? new RLock(this.home.part(LOCK, LOCK_WORDS));
  }

  /** Python: `get_lock()`. */
  getLock(): BaseLock {
    return this.#lock;
  }

  /** Python: `get_obj()`: the same number without the lock. */
  getObj(): RawValue<C> {
    return new RawValue(this.code, undefined, this.home);
  }

  with<R>(fn: () => R | PromiseLike<R>): Promise<R> {
    return this.#lock.with(fn);
  }

  withSync<R>(fn: () => R): R {
    return this.#lock.withSync(fn);
  }

  /** Adds under the lock, blocking while somebody else holds it, and returns the new value. */
  add(amount: Element<C> | number): Element<C> {
    // Before the lock is taken, for it may throw.
    const more = toElement(this.code, amount) as number;
    this.#lock.acquireSync();
    const { cell } = this;
    cell[0] = toElement(this.code, (cell[0] as number) + more);
    const sum = cell[0]!;
    this.#lock.release();
    return fromElement(this.code, sum);
  }
}

/** The number and its lock share a cache line: whoever gets the one has the other. */
const LOCK = 2;
const LOCK_WORDS: number = MUTEX_WORDS + 1;
const WORDS: number = LOCK + LOCK_WORDS;

interface RawValueState {
  readonly block: BlockState;
  readonly code: TypeCode;
}

/** The other side of a RawValue's crossing; found by name. @public */
export function receiveRawValue(state: RawValueState): RawValue {
  return new RawValue(state.code, undefined, receiveBlock(state.block));
}

/** The other side of a Value's crossing; found by name. @public */
export function receiveValue(state: RawValueState & { readonly lock: BaseLock }): Value {
  return new Value(state.code, undefined, { lock: state.lock }, receiveBlock(state.block));
}
