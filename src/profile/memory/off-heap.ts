import type { RawOffHeap } from "./raw.ts";

/** How the tracker is reached inside a target, by whoever speaks to it. */
export interface OffHeapTracker {
  /** Allocations that are thought to be alive. */
  snapshot(): RawOffHeap[];
  /** Says of these buffers that they are alive. */
  mark(living: readonly ArrayBufferLike[]): void;
  /** Forgets allocations whose buffer has not been marked since the last sweep. */
  sweep(): void;
  uninstall(): void;
}

/**
 * Begins to note who allocates ArrayBuffers, typed arrays and Buffers, by wrapping their constructors and Buffer's
 * methods. Memory that native code allocates by itself is not seen. An allocation of `interval` bytes is noted with a
 * chance of 63 %, one of ten times as much always, and counted for what it stands for: the sums are right on average.
 *
 * The text of this function is sent to targets: it uses nothing but its arguments and globals.
 */
export function trackOffHeap(interval: number, total: boolean): OffHeapTracker {
  const key = Symbol.for("spool.offHeap");
  const shared = globalThis as unknown as Record<symbol, OffHeapTracker | undefined>;
  if (shared[key] !== undefined) return shared[key];
  interface Group {
    stack: RawOffHeap["stack"];
    bytes: number;
    count: number;
  }
  interface Noted {
    group: Group;
    bytes: number;
    count: number;
  }
  const groups = new Map<string, Group>();
  const noted = new WeakMap<object, Noted>();
  const alive = new Set<Noted>();
  const marked = new Set<Noted>();
  const DEPTH = 64;
  const LARGEST_ON_HEAP = 64;
  const buffers = [ArrayBuffer, SharedArrayBuffer];
  const isBuffer = (value: unknown): boolean => buffers.some((type) => value instanceof type);

  const release = (note: Noted): void => {
    if (total || !alive.delete(note)) return;
    note.group.bytes -= note.bytes;
    note.group.count -= note.count;
  };
  const registry = new FinalizationRegistry(release);

  const stackOf = (above: Function): RawOffHeap["stack"] => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    const holder: { stack?: unknown } = {};
    try {
      Error.stackTraceLimit = DEPTH;
      Error.prepareStackTrace = (_, sites) => sites;
      Error.captureStackTrace(holder, above);
      const sites = holder.stack as (NodeJS.CallSite & Record<string, (() => number) | undefined>)[];
      return sites.reverse().map((site) => {
        const file = site.getFileName() ?? "";
        const line = site.getLineNumber() ?? 0;
        return [
          site.getFunctionName() ?? "",
          file.startsWith("/") ? `file://${file}` : file,
          site["getEnclosingLineNumber"]?.() ?? line,
          site["getEnclosingColumnNumber"]?.() ?? 0,
          line,
        ] as const;
      });
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
      Error.stackTraceLimit = stackTraceLimit;
    }
  };

  const note = (buffer: object, size: number, above: Function): void => {
    if (size === 0 || noted.has(buffer)) return;
    const chance = 1 - Math.exp(-size / interval);
    if (Math.random() >= chance) return;
    const stack = stackOf(above);
    const id = JSON.stringify(stack);
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = { stack, bytes: 0, count: 0 }));
    const entry: Noted = { group, bytes: size / chance, count: 1 / chance };
    group.bytes += entry.bytes;
    group.count += entry.count;
    noted.set(buffer, entry);
    alive.add(entry);
    registry.register(buffer, entry);
  };

  const undo: (() => void)[] = [];
  const scope = globalThis as unknown as Record<string, unknown>;

  const replace = (holder: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(holder, name)!;
    Object.defineProperty(holder, name, { ...before, value });
    undo.push(() => Object.defineProperty(holder, name, before));
  };

  const wrapConstructor = (name: string): void => {
    const original = scope[name];
    if (typeof original !== "function") return;
    const wrapped: object = new Proxy(original, {
      construct(target, args, newTarget): object {
        const self = newTarget === wrapped ? target : (newTarget as Function);
        const made = Reflect.construct(target, args, self) as ArrayBufferLike | ArrayBufferView;
        // A view on a buffer that was there before is no allocation; a small one lies in the heap.
        if (isBuffer(args[0]) || made.byteLength <= LARGEST_ON_HEAP) return made;
        const buffer = ArrayBuffer.isView(made) ? made.buffer : made;
        note(buffer, buffer.byteLength, construct);
        return made;
      },
    });
    const construct = wrapped as Function;
    replace(scope, name, wrapped);
    replace(original.prototype as object, "constructor", wrapped);
  };

  const wrapMethod = (name: string): void => {
    const holder = Buffer as unknown as Record<string, (...args: unknown[]) => Buffer>;
    const original = holder[name];
    if (typeof original !== "function") return;
    const wrapped = function (this: unknown, ...args: unknown[]): Buffer {
      const made = Reflect.apply(original, this, args);
      // Small ones share a pool that nobody in particular asked for; a view has the buffer it was given.
      if (made.byteLength === made.buffer.byteLength && !isBuffer(args[0]))
        note(made.buffer, made.byteLength, wrapped);
      return made;
    };
    replace(holder, name, Object.assign(wrapped, original));
  };

  for (const name of ["ArrayBuffer", "SharedArrayBuffer"]) wrapConstructor(name);
  for (const kind of ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32"])
    wrapConstructor(`${kind}Array`);
  for (const kind of ["Float16", "Float32", "Float64", "BigInt64", "BigUint64"])
    wrapConstructor(`${kind}Array`);
  for (const name of ["alloc", "allocUnsafe", "allocUnsafeSlow", "from", "concat"]) wrapMethod(name);

  const tracker: OffHeapTracker = {
    snapshot: () =>
      [...groups.values()]
        .filter((g) => g.bytes >= 1)
        .map(({ stack, bytes, count }) => ({ stack, bytes: Math.round(bytes), count: Math.round(count) })),
    mark(living) {
      for (const buffer of living) {
        const entry = noted.get(buffer);
        if (entry !== undefined) marked.add(entry);
      }
    },
    sweep() {
      for (const entry of alive) if (!marked.has(entry)) release(entry);
      marked.clear();
    },
    uninstall() {
      for (const restore of undo.reverse()) restore();
      delete shared[key];
    },
  };
  shared[key] = tracker;
  return tracker;
}
