import { StateError } from "../../core/index.ts";
import type { CheckpointKind, Collecting, RawCheckpoint, RawOffHeap, V8AllocationNode } from "./raw.ts";
import type { Script } from "./script.ts";

const STACK_DEPTH = 128;
const TRACKER = `globalThis[Symbol.for("spool.offHeap")]`;
const OBJECT_GROUP = "spool";

/** Begins V8's sampling of allocations. V8 has one for each thread: a second one throws StateError. */
export function* startSampling(options: Collecting): Script<void> {
  if (yield* isSampling()) {
    throw new StateError(
      "V8 is sampling the allocations of this thread already, for another tracker, `spool mem` or a debugger: end that first",
    );
  }
  yield {
    method: "HeapProfiler.startSampling",
    params: {
      samplingInterval: options.interval,
      stackDepth: STACK_DEPTH,
      includeObjectsCollectedByMajorGC: options.total,
      includeObjectsCollectedByMinorGC: options.total,
    },
  };
}

function* isSampling(): Script<boolean> {
  try {
    yield { method: "HeapProfiler.getSamplingProfile" };
    return true;
  } catch {
    return false;
  }
}

/** Ends it. Other sessions of the thread may go on asking for heap snapshots and the like. */
export function* stopSampling(): Script<void> {
  yield { method: "HeapProfiler.stopSampling" };
}

/** Who holds what now. V8 collects garbage first, so that only what is reachable counts. */
export function* checkpoint(kind: CheckpointKind, options: Collecting): Script<RawCheckpoint> {
  const offHeap = options.offHeap ? yield* offHeapAllocations(kind === "end" && !options.total) : [];
  const { profile } = (yield { method: "HeapProfiler.getSamplingProfile" }) as {
    profile: { head: V8AllocationNode };
  };
  return { kind, at: Date.now(), head: profile.head, offHeap };
}

/** Off-heap allocations; `exact` asks V8 for all living buffers first (about 0.2 s on a small heap). */
function* offHeapAllocations(exact: boolean): Script<readonly RawOffHeap[]> {
  if (exact) {
    yield* markLiving("ArrayBuffer");
    yield* markLiving("SharedArrayBuffer");
    yield { method: "Runtime.releaseObjectGroup", params: { objectGroup: OBJECT_GROUP } };
    yield { method: "Runtime.evaluate", params: { expression: `${TRACKER}?.sweep()` } };
  }
  const { result } = (yield {
    method: "Runtime.evaluate",
    params: { expression: `${TRACKER}?.snapshot() ?? []`, returnByValue: true },
  }) as { result: { value?: RawOffHeap[] } };
  return result.value ?? [];
}

function* markLiving(type: string): Script<void> {
  const { result } = (yield {
    method: "Runtime.evaluate",
    params: { expression: `${type}.prototype`, objectGroup: OBJECT_GROUP },
  }) as { result: { objectId?: string } };
  if (result.objectId === undefined) return;
  const { objects } = (yield {
    method: "Runtime.queryObjects",
    params: { prototypeObjectId: result.objectId, objectGroup: OBJECT_GROUP },
  }) as { objects: { objectId: string } };
  yield {
    method: "Runtime.callFunctionOn",
    params: { objectId: objects.objectId, functionDeclaration: `function () { ${TRACKER}?.mark(this); }` },
  };
}

let probes = 0;

/** Compiles something new and gives the number of its script: the highest that V8 has given so far. */
export function* newestScript(): Script<number | undefined> {
  // The same text again would be answered from a cache, with the old number.
  const expression = `throw ${++probes}`;
  const { exceptionDetails } = (yield {
    method: "Runtime.evaluate",
    params: { expression, silent: true },
  }) as {
    exceptionDetails?: { scriptId?: string };
  };
  const id = Number(exceptionDetails?.scriptId);
  return Number.isInteger(id) ? id : undefined;
}

interface HeapUsage {
  readonly usedSize: number;
  /** Since Node 24. */
  readonly backingStorageSize?: number;
}

/** Bytes in use now: in V8's heap, and in ArrayBuffers where V8 tells. About 1 ms of the thread's time. */
export function* heapUsage(): Script<{ heapUsed: number; offHeap: number }> {
  const usage = (yield { method: "Runtime.getHeapUsage" }) as HeapUsage;
  return { heapUsed: usage.usedSize, offHeap: usage.backingStorageSize ?? 0 };
}
