import {
  BaseManager,
  type ClientCondition,
  type ClientLock,
  type Creator,
  type ManagedDict,
  type ManagedList,
  type ManagedNamespace,
  type ManagedValue,
  type ManagerOptions,
  type Proxied,
  SYNC_TYPES,
} from "../channels/index.ts";
import type { BoundedSemaphore, Event, JoinableQueue, Queue, Semaphore, Barrier } from "./primitives.ts";
import { Pool } from "./pool.ts";

/**
 * A manager of the usual types. Each method makes an object in the manager's process and gives a proxy of it, to be
 * used here, captured or passed on. Python: `multiprocessing.managers.SyncManager`.
 */
export class SyncManager extends BaseManager {
  constructor(options: ManagerOptions<Record<string, Creator>> = {}) {
    super({ ...options, types: { ...SYNC_TYPES, Pool: makePool, ...options.types } });
  }

  dict<K = any, V = any>(
    entries?: Iterable<readonly [K, V]> | Record<string, V>,
  ): Promise<Proxied<ManagedDict<K, V>>> {
    return this.create("dict", entries);
  }
  list<T = any>(items?: Iterable<T>): Promise<Proxied<ManagedList<T>>> {
    return this.create("list", items);
  }
  Namespace(values?: Record<string, unknown>): Promise<Proxied<ManagedNamespace>> {
    return this.create("Namespace", values);
  }
  Value<T = any>(value: T): Promise<Proxied<ManagedValue<T>>> {
    return this.create("Value", value);
  }
  Array<T = any>(items: Iterable<T>): Promise<Proxied<ManagedList<T>>> {
    return this.create("Array", items);
  }
  Queue<T = any>(maxSize: number = 0): Promise<Proxied<Queue<T>>> {
    return this.create("Queue", maxSize);
  }
  JoinableQueue<T = any>(maxSize: number = 0): Promise<Proxied<JoinableQueue<T>>> {
    return this.create("JoinableQueue", maxSize);
  }
  Lock(): Promise<Proxied<ClientLock>> {
    return this.create("Lock");
  }
  RLock(): Promise<Proxied<ClientLock>> {
    return this.create("RLock");
  }
  Condition(): Promise<Proxied<ClientCondition>> {
    return this.create("Condition");
  }
  Semaphore(value: number = 1): Promise<Proxied<Semaphore>> {
    return this.create("Semaphore", value);
  }
  BoundedSemaphore(value: number = 1): Promise<Proxied<BoundedSemaphore>> {
    return this.create("BoundedSemaphore", value);
  }
  Event(): Promise<Proxied<Event>> {
    return this.create("Event");
  }
  Barrier(parties: number): Promise<Proxied<Barrier>> {
    return this.create("Barrier", parties);
  }
  /** A pool in the manager's process. */
  Pool(processes?: number): Promise<Proxied<Pool>> {
    return this.create("Pool", processes);
  }
}

/** A started SyncManager. Python: `multiprocessing.Manager()`. */
export function Manager(): Promise<SyncManager> {
  return new SyncManager().start();
}

/** Found by name. @public */
export function makePool(processes?: number): Pool {
  return new Pool(processes);
}
