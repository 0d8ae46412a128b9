import * as sync from "../sync/index.ts";
import * as queues from "./queue.ts";

/**
 * The primitives of one kind of memory, as `threading` and `multiprocessing` offer them: the classes of `sync` and
 * `channels` without the parameter that says where they live.
 */
export interface Primitives {
  readonly Lock: new () => sync.Lock;
  readonly RLock: new () => sync.RLock;
  readonly Semaphore: new (value?: number) => sync.Semaphore;
  readonly BoundedSemaphore: new (value?: number) => sync.BoundedSemaphore;
  readonly Condition: new (lock?: sync.BaseLock) => sync.Condition;
  readonly Event: new () => sync.Event;
  readonly Barrier: new (parties: number, options?: sync.BarrierOptions) => sync.Barrier;
  readonly RawValue: new <C extends sync.TypeCode = sync.TypeCode>(
    code: C,
    initial?: sync.Element<C> | number,
  ) => sync.RawValue<C>;
  readonly Value: new <C extends sync.TypeCode = sync.TypeCode>(
    code: C,
    initial?: sync.Element<C> | number,
    options?: WithLock,
  ) => sync.Value<C>;
  readonly RawArray: new <C extends sync.TypeCode = sync.TypeCode>(
    code: C,
    content: number | Iterable<sync.Element<C> | number>,
  ) => sync.RawArray<C>;
  readonly Array: new <C extends sync.TypeCode = sync.TypeCode>(
    code: C,
    content: number | Iterable<sync.Element<C> | number>,
    options?: WithLock,
  ) => sync.SharedArray<C>;
  readonly Queue: new <T = unknown>(maxSize?: number) => queues.Queue<T>;
  readonly JoinableQueue: new <T = unknown>(maxSize?: number) => queues.JoinableQueue<T>;
  readonly SimpleQueue: new <T = unknown>() => queues.Queue<T>;
}

interface WithLock {
  readonly lock?: sync.BaseLock;
}

/** Makes the classes. An object that came from elsewhere is an instance of the class it was made with. */
export function primitivesIn(memory: sync.MemoryKind): Primitives {
  return {
    Lock: asOne(
      sync.Lock,
      class Lock extends sync.Lock {
        constructor() {
          super(memory);
        }
      },
    ),
    RLock: asOne(
      sync.RLock,
      class RLock extends sync.RLock {
        constructor() {
          super(memory);
        }
      },
    ),
    Semaphore: asOne(
      sync.Semaphore,
      class Semaphore extends sync.Semaphore {
        constructor(value: number = 1) {
          super(value, memory);
        }
      },
    ),
    BoundedSemaphore: asOne(
      sync.BoundedSemaphore,
      class BoundedSemaphore extends sync.BoundedSemaphore {
        constructor(value: number = 1) {
          super(value, memory);
        }
      },
    ),
    Condition: asOne(
      sync.Condition,
      class Condition extends sync.Condition {
        constructor(lock?: sync.BaseLock) {
          super(lock, memory);
        }
      },
    ),
    Event: asOne(
      sync.Event,
      class Event extends sync.Event {
        constructor() {
          super(memory);
        }
      },
    ),
    Barrier: asOne(
      sync.Barrier,
      class Barrier extends sync.Barrier {
        constructor(parties: number, options: sync.BarrierOptions = {}) {
          super(parties, options, memory);
        }
      },
    ),
    RawValue: asOne(
      sync.RawValue,
      class RawValue<C extends sync.TypeCode> extends sync.RawValue<C> {
        constructor(code: C, initial?: sync.Element<C> | number) {
          super(code, initial, memory);
        }
      },
    ),
    Value: asOne(
      sync.Value,
      class Value<C extends sync.TypeCode> extends sync.Value<C> {
        constructor(code: C, initial?: sync.Element<C> | number, options: WithLock = {}) {
          super(code, initial, options, memory);
        }
      },
    ),
    RawArray: asOne(
      sync.RawArray,
      class RawArray<C extends sync.TypeCode> extends sync.RawArray<C> {
        constructor(code: C, content: number | Iterable<sync.Element<C> | number>) {
          super(code, content, memory);
        }
      },
    ),
    Array: asOne(
      sync.SharedArray,
      class Array<C extends sync.TypeCode> extends sync.SharedArray<C> {
        constructor(code: C, content: number | Iterable<sync.Element<C> | number>, options: WithLock = {}) {
          super(code, content, options, memory);
        }
      },
    ),
    Queue: asOne(
      queues.Queue,
      class Queue<T> extends queues.Queue<T> {
        constructor(maxSize: number = 0) {
          super(maxSize, memory);
        }
      },
    ),
    JoinableQueue: asOne(
      queues.JoinableQueue,
      class JoinableQueue<T> extends queues.JoinableQueue<T> {
        constructor(maxSize: number = 0) {
          super(maxSize, memory);
        }
      },
    ),
    SimpleQueue: asOne(
      queues.Queue,
      class SimpleQueue<T> extends queues.Queue<T> {
        constructor() {
          super(0, memory);
        }
      },
    ),
  };
}

/** What arrives from another thread or process is made by the base class: it counts as an instance of both. */
function asOne<T>(base: object, made: T & object): T {
  const isInstance = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(made, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return isInstance.call((this === made ? base : this) as () => void, value);
    },
  });
  return made;
}
