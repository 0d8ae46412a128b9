import { AsyncLocalStorage } from "node:async_hooks";
import { RemoteError, type WaitOptions } from "../core/index.ts";
import { type Agency, setAgency, threadOf } from "../memory/index.ts";
import {
  Barrier,
  BaseLock,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  RawArray,
  RawValue,
  RLock,
  Semaphore,
} from "../sync/index.ts";
import { Listener } from "./listener.ts";
import { ManagerObjects } from "./manager-objects.ts";
import type { Queue } from "./queue.ts";
import { socketIn, sweepDirectories } from "./service-directory.ts";
import { ServiceLine } from "./service-line.ts";
import { ServicePipe } from "./service-pipe.ts";
import { ServiceJoinableQueue, ServiceQueue } from "./service-queue.ts";
import type { SocketConnection } from "./socket-connection.ts";

/**
 * Where processes share no memory, the primitives of all of them live in a thread of one, and it does there for each
 * thread of each process what that asks for through a socket. They are the same classes in the memory of threads; only
 * that `me()` is the client that is acted for, and a client is dead once its connection has ended. So whatever holds
 * for locks, fairness and deaths holds here too.
 */
export type ServiceRequest = readonly [
  id: number,
  op: "make" | "call" | "wait" | "block" | "read" | "write" | "cancel" | "travel" | "arrive" | "drop",
  /** A number the service gave out; for `make` a type. */
  object: number | string,
  member: string,
  args: readonly unknown[],
  options: { readonly timeout?: number | undefined; readonly ifAbandoned?: string | undefined } | null,
];
export type ServiceResponse = readonly [id: number, value: unknown, error: ServiceError | null];

/** An error as plain data, so that one who blocks can make it again without importing anything. */
export interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly own: Record<string, unknown>;
}

/** Who connects: the token of the thread, and its process. */
export type ServiceHello = readonly [token: number, pid: number];

/** Where the service is and what it must be shown. */
export interface ServiceAddress {
  readonly address: string;
  readonly key: string;
}

/** What a thread does that is the service of a program; it puts its address once it listens. */
export async function runService(key: string, directory: string, ready: Queue<string>): Promise<void> {
  setAgency(agency);
  const listener = await Listener.open({
    address: socketIn(directory),
    authkey: key,
    backlog: 512,
  });
  await ready.put(listener.address as string);
  void sweepDirectories().catch(() => {});
  for (;;) {
    try {
      void new ServiceClient(await listener.accept()).serve();
    } catch {
      // One who does not know the key.
    }
  }
}

/** The connected clients by their tokens, each with its process. */
const clients = new Map<number, number>();
/** Processes of clients that are gone, the last of them: a lock's next holder may ask. */
const gone = new Map<number, number>();
const MOST_GONE = 1024;

function remember(token: number, pid: number): void {
  gone.set(token, pid);
  if (gone.size > MOST_GONE) gone.delete(gone.keys().next().value!);
}

const objects = new ManagerObjects();

class ServiceAgency implements Agency {
  readonly #client = new AsyncLocalStorage<number>();

  client(): number | undefined {
    return this.#client.getStore();
  }

  actFor<T>(token: number, fn: () => T): T {
    return this.#client.run(token, fn);
  }

  present(token: number): boolean {
    return clients.has(token);
  }
}

const agency = new ServiceAgency();

class ServiceClient {
  readonly #connection: SocketConnection;
  readonly #waits = new Map<number, AbortController>();

  constructor(connection: SocketConnection) {
    this.#connection = connection;
  }

  async serve(): Promise<void> {
    let token = 0;
    try {
      let pid: number;
      [token, pid] = await this.#connection.recv<ServiceHello>();
      clients.set(token, pid);
      for (;;) {
        const request = await this.#connection.recv<ServiceRequest>();
        agency.actFor(token, () => void this.#answer(request));
      }
    } catch {
      // The end of the connection.
    }
    const pid = clients.get(token);
    clients.delete(token);
    if (pid !== undefined) remember(token, pid);
    for (const wait of this.#waits.values()) wait.abort();
    for (const object of objects) if (object instanceof ServiceLine) object.clientGone(token);
    objects.dropAll(this);
    this.#connection.close();
  }

  async #answer(request: ServiceRequest): Promise<void> {
    const [id] = request;
    let response: ServiceResponse;
    try {
      const value = this.#perform(request);
      response = [id, named(value instanceof Promise ? await value : value), null];
    } catch (error) {
      response = [id, undefined, plainError(error as Error)];
    }
    this.#waits.delete(id);
    if (id >= 0) await this.#connection.send(response).catch(() => {});
  }

  #perform([id, op, of, member, args, options]: ServiceRequest): unknown {
    if (op === "make") return this.#make(of as string, args);
    if (op === "cancel") return this.#waits.get(of as number)?.abort();
    if (op === "travel") return objects.travel(of as number);
    if (op === "arrive") return objects.arrive(of as number, this);
    if (op === "drop") return objects.drop(of as number, this);
    const object = this.#object(of as number) as Record<string, unknown>;
    if (op === "read") return object[member];
    if (op === "write") return void (object[member] = args[0]);
    const method = object[member] as (...args: unknown[]) => unknown;
    if (op === "call") return method.apply(object, [...args]);
    if (op === "block" && object instanceof BaseLock) object.refuseDeadlock(options ?? {});
    const controller = new AbortController();
    this.#waits.set(id, controller);
    return method.apply(object, [...args, { ...options, signal: controller.signal } satisfies WaitOptions]);
  }

  #make(type: string, args: readonly unknown[]): number {
    if (!Object.hasOwn(TYPES, type)) throw new RemoteError(`There is no type ${type} to be made here`);
    const id = objects.add(TYPES[type]!(args, (of) => this.#object(of)));
    objects.hold(id, this);
    return id;
  }

  #object(id: number): object {
    const object = objects.hold(id, this);
    if (object !== undefined) return object as object;
    throw new RemoteError("The object is gone: nobody had it any more when this message of it arrived");
  }
}

/** How each type is made of the arguments that came; `of` finds an object by its number. */
const TYPES: Record<string, (args: readonly any[], of: (id: number) => object) => object> = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  Semaphore: ([value]) => new Semaphore(value),
  BoundedSemaphore: ([value]) => new BoundedSemaphore(value),
  Event: () => new Event(),
  Condition: ([lock], of) => new Condition(of(lock) as BaseLock),
  Barrier: ([parties, options]) => new Barrier(parties, options),
  RawValue: ([code, initial]) => new RawValue(code, initial),
  RawArray: ([code, content]) => new RawArray(code, content),
  Queue: ([maxSize]) => new ServiceQueue(maxSize),
  Pipe: ([most]) => new ServicePipe(most),
  JoinableQueue: ([maxSize]) => new ServiceJoinableQueue(maxSize),
};

/** Where something names a client's thread, it names the service's process; what is meant is the client's own. */
function named(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("threadId" in value)) return value;
  const { threadId } = value as { threadId: number };
  for (const [token, pid] of [...gone, ...clients])
    if (threadOf(token) === threadId) return { ...value, pid, threadId };
  return value;
}

export function plainError(error: Error): ServiceError {
  const own = named(Object.fromEntries(Object.entries(error))) as Record<string, unknown>;
  return { name: error.name, message: error.message, own };
}
