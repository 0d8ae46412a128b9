import { shareable } from "../sync/index.ts";
import { ServedArray, ServedRawArray, ServedRawValue, ServedValue } from "./served-data.ts";
import {
  ServedBarrier,
  ServedBoundedSemaphore,
  ServedCondition,
  ServedEvent,
  ServedLock,
  ServedRLock,
  ServedSemaphore,
} from "./served-locks.ts";
import { ServedJoinableQueue, ServedQueue } from "./served-queue.ts";
import { type Made, Served } from "./served-object.ts";

type ServedName =
  | "Lock"
  | "RLock"
  | "Semaphore"
  | "BoundedSemaphore"
  | "Condition"
  | "Event"
  | "Barrier"
  | "RawValue"
  | "Value"
  | "RawArray"
  | "Array"
  | "Queue"
  | "JoinableQueue";

/** The primitives of processes that share by sockets, by the names of those they stand in for. */
export const SERVED: Readonly<Record<ServedName, new (...args: any[]) => Served>> = {
  Lock: ServedLock,
  RLock: ServedRLock,
  Semaphore: ServedSemaphore,
  BoundedSemaphore: ServedBoundedSemaphore,
  Condition: ServedCondition,
  Event: ServedEvent,
  Barrier: ServedBarrier,
  RawValue: ServedRawValue,
  Value: ServedValue,
  RawArray: ServedRawArray,
  Array: ServedArray,
  Queue: ServedQueue,
  JoinableQueue: ServedJoinableQueue,
};

shareable(Served, import.meta.url, "receiveServed", (it) => it.depart());

/** The other side of a served object's crossing; found by name. @public */
export function receiveServed(state: { readonly type: ServedName; readonly made: Made }): Served {
  return new SERVED[state.type](state.made);
}
