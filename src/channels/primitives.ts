import * as sync from "../sync/index.ts";
import { JoinableQueue } from "./joinable-queue.ts";
import { Queue } from "./queue.ts";
import { SERVED } from "./served.ts";
import { sharesBySockets } from "../memory/index.ts";

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
  readonly Queue: new <T = unknown>(maxSize?: number) => Queue<T>;
  readonly JoinableQueue: new <T = unknown>(maxSize?: number) => JoinableQueue<T>;
  readonly SimpleQueue: new <T = unknown>() => Queue<T>;
}

interface WithLock {
  readonly lock?: sync.BaseLock;
}

/** Makes the classes. An object that came from elsewhere is an instance of the class it was made with. */
export function primitivesIn(memory: sync.MemoryKind): Primitives {
  return {
    Lock: asOne(
      memory,
      "Lock",
      sync.Lock,
      class extends sync.Lock {
        constructor() {
          super(memory);
        }
      },
    ),
    RLock: asOne(
      memory,
      "RLock",
      sync.RLock,
      class extends sync.RLock {
        constructor() {
          super(memory);
        }
      },
    ),
    Semaphore: asOne(
      memory,
      "Semaphore",
      sync.Semaphore,
      class extends sync.Semaphore {
        constructor(value: number = 1) {
          super(value, memory);
        }
      },
    ),
    BoundedSemaphore: asOne(
      memory,
      "BoundedSemaphore",
      sync.BoundedSemaphore,
      class extends sync.BoundedSemaphore {
        constructor(value: number = 1) {
          super(value, memory);
        }
      },
    ),
    Condition: asOne(
      memory,
      "Condition",
      sync.Condition,
      class extends sync.Condition {
        constructor(lock?: sync.BaseLock) {
          super(lock, memory);
        }
      },
    ),
    Event: asOne(
      memory,
      "Event",
      sync.Event,
      class extends sync.Event {
        constructor() {
          super(memory);
        }
      },
    ),
    Barrier: asOne(
      memory,
      "Barrier",
      sync.Barrier,
      class extends sync.Barrier {
        constructor(parties: number, options: sync.BarrierOptions = {}) {
          super(parties, options, memory);
        }
      },
    ),
    RawValue: asOne(
      memory,
      "RawValue",
      sync.RawValue,
      class<C extends sync.TypeCode> extends sync.RawValue<C> {
        constructor(code: C, initial?: sync.Element<C> | number) {
          super(code, initial, memory);
        }
      },
    ),
    Value: asOne(
      memory,
      "Value",
      sync.Value,
      class<C extends sync.TypeCode> extends sync.Value<C> {
        constructor(code: C, initial?: sync.Element<C> | number, options: WithLock = {}) {
          super(code, initial, options, memory);
        }
      },
    ),
    RawArray: asOne(
      memory,
      "RawArray",
      sync.RawArray,
      class<C extends sync.TypeCode> extends sync.RawArray<C> {
        constructor(code: C, content: number | Iterable<sync.Element<C> | number>) {
          super(code, content, memory);
        }
      },
    ),
    Array: asOne(
      memory,
      "Array",
      sync.SharedArray,
      class<C extends sync.TypeCode> extends sync.SharedArray<C> {
        constructor(code: C, content: number | Iterable<sync.Element<C> | number>, options: WithLock = {}) {
          super(code, content, options, memory);
        }
      },
    ),
    Queue: asOne(
      memory,
      "Queue",
      Queue,
      class<T> extends Queue<T> {
        constructor(maxSize: number = 0) {
          super(maxSize, memory);
        }
      },
    ),
    JoinableQueue: asOne(
      memory,
      "JoinableQueue",
      JoinableQueue,
      class<T> extends JoinableQueue<T> {
        constructor(maxSize: number = 0) {
          super(maxSize, memory);
        }
      },
    ),
    SimpleQueue: asOne(
      memory,
      "SimpleQueue",
      Queue,
      class<T> extends Queue<T> {
        constructor() {
          super(0, memory);
        }
      },
    ),
  };
}

/**
 * What arrives from another thread or process is made by the base class: it counts as an instance of both. Where
 * processes share by sockets, the class makes served objects. The name is said, since a class expression that hides
 * another class of that name is renamed when modules are joined.
 */
function asOne<T>(memory: sync.MemoryKind, name: keyof Primitives, base: object, made: T & object): T {
  Object.defineProperty(made, "name", { value: name, configurable: true });
  const isInstance = (type: object, value: unknown): boolean =>
    Function.prototype[Symbol.hasInstance].call(type as () => void, value);
  const served = SERVED[name === "SimpleQueue" ? "Queue" : name];
  const whole =
    memory === "thread"
      ? made
      : new Proxy(made, {
          construct: (target, args, newTarget) =>
            sharesBySockets()
              ? new served(...args)
              : (Reflect.construct(target as never, args, newTarget) as object),
        });
  Object.defineProperty(made, Symbol.hasInstance, {
    value(this: object, value: unknown): boolean {
      if (this !== made && this !== whole) return isInstance(this, value);
      return isInstance(base, value) || (memory === "process" && isInstance(served, value));
    },
  });
  return whole;
}
