import {
  type JoinableQueue as SharedJoinableQueue,
  type Primitives,
  primitivesIn,
  type Queue as SharedQueue,
} from "../channels/index.ts";
import type * as sync from "../sync/index.ts";

/**
 * The primitives that processes share, and all their threads: in shared memory on Linux with the optional package
 * koffi, elsewhere in one of the processes, which the others reach by a socket.
 */
const made: Primitives = primitivesIn("process");
export const Lock: Primitives["Lock"] = made.Lock;
export type Lock = sync.Lock;
export const RLock: Primitives["RLock"] = made.RLock;
export type RLock = sync.RLock;
export const Semaphore: Primitives["Semaphore"] = made.Semaphore;
export type Semaphore = sync.Semaphore;
export const BoundedSemaphore: Primitives["BoundedSemaphore"] = made.BoundedSemaphore;
export type BoundedSemaphore = sync.BoundedSemaphore;
export const Condition: Primitives["Condition"] = made.Condition;
export type Condition = sync.Condition;
export const Event: Primitives["Event"] = made.Event;
export type Event = sync.Event;
export const Barrier: Primitives["Barrier"] = made.Barrier;
export type Barrier = sync.Barrier;
export const RawValue: Primitives["RawValue"] = made.RawValue;
export type RawValue<C extends sync.TypeCode = sync.TypeCode> = sync.RawValue<C>;
export const Value: Primitives["Value"] = made.Value;
export type Value<C extends sync.TypeCode = sync.TypeCode> = sync.Value<C>;
export const RawArray: Primitives["RawArray"] = made.RawArray;
export type RawArray<C extends sync.TypeCode = sync.TypeCode> = sync.RawArray<C>;
export const Array: Primitives["Array"] = made.Array;
export type Array<C extends sync.TypeCode = sync.TypeCode> = sync.SharedArray<C>;
export const Queue: Primitives["Queue"] = made.Queue;
export type Queue<T = unknown> = SharedQueue<T>;
export const JoinableQueue: Primitives["JoinableQueue"] = made.JoinableQueue;
export type JoinableQueue<T = unknown> = SharedJoinableQueue<T>;
/** A queue without a limit. Python: `multiprocessing.SimpleQueue`. */
export const SimpleQueue: Primitives["SimpleQueue"] = made.SimpleQueue;
export type SimpleQueue<T = unknown> = SharedQueue<T>;
