import {
  Barrier as SharedBarrier,
  type BarrierOptions,
  type BaseLock,
  BoundedSemaphore as SharedBoundedSemaphore,
  Condition as SharedCondition,
  type Element,
  Event as SharedEvent,
  Lock as SharedLock,
  RawArray as SharedRawArray,
  RawValue as SharedRawValue,
  RLock as SharedRLock,
  Semaphore as SharedSemaphore,
  SharedArray,
  type TypeCode,
  Value as SharedValue,
} from "../sync/index.ts";
import { JoinableQueue as SharedJoinableQueue, Queue as SharedQueue } from "../channels/index.ts";

/**
 * The primitives in memory that processes share, and all their threads. They need Linux and the optional package koffi;
 * the constructors throw UnsupportedError, naming the way out, where those are missing.
 * An object that came from elsewhere is an instance of the class it was made with.
 */
export class Lock extends SharedLock {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedLock, value);
  }

  constructor() {
    super("process");
  }
}

export class RLock extends SharedRLock {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedRLock, value);
  }

  constructor() {
    super("process");
  }
}

export class Semaphore extends SharedSemaphore {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedSemaphore, value);
  }

  constructor(value: number = 1) {
    super(value, "process");
  }
}

export class BoundedSemaphore extends SharedBoundedSemaphore {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedBoundedSemaphore, value);
  }

  constructor(value: number = 1) {
    super(value, "process");
  }
}

export class Condition extends SharedCondition {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedCondition, value);
  }

  constructor(lock?: BaseLock) {
    super(lock, "process");
  }
}

export class Event extends SharedEvent {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedEvent, value);
  }

  constructor() {
    super("process");
  }
}

export class Barrier extends SharedBarrier {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedBarrier, value);
  }

  constructor(parties: number, options: BarrierOptions = {}) {
    super(parties, options, "process");
  }
}

export class RawValue<C extends TypeCode = TypeCode> extends SharedRawValue<C> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedRawValue, value);
  }

  constructor(code: C, initial?: Element<C> | number) {
    super(code, initial, "process");
  }
}

export class Value<C extends TypeCode = TypeCode> extends SharedValue<C> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedValue, value);
  }

  constructor(code: C, initial?: Element<C> | number, options: { readonly lock?: BaseLock } = {}) {
    super(code, initial, options, "process");
  }
}

export class RawArray<C extends TypeCode = TypeCode> extends SharedRawArray<C> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedRawArray, value);
  }

  constructor(code: C, content: number | Iterable<Element<C> | number>) {
    super(code, content, "process");
  }
}

export class Array<C extends TypeCode = TypeCode> extends SharedArray<C> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedArray, value);
  }

  constructor(
    code: C,
    content: number | Iterable<Element<C> | number>,
    options: { readonly lock?: BaseLock } = {},
  ) {
    super(code, content, options, "process");
  }
}

export class Queue<T = unknown> extends SharedQueue<T> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedQueue, value);
  }

  constructor(maxSize: number = 0) {
    super(maxSize, "process");
  }
}

export class JoinableQueue<T = unknown> extends SharedJoinableQueue<T> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedJoinableQueue, value);
  }

  constructor(maxSize: number = 0) {
    super(maxSize, "process");
  }
}

/** A queue without a limit. Python: `multiprocessing.SimpleQueue`. */
export class SimpleQueue<T = unknown> extends SharedQueue<T> {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(SharedQueue, value);
  }

  constructor() {
    super(0, "process");
  }
}
