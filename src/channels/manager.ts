import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packArguments, ship } from "../closures/index.ts";
import { ArgumentError, requireFunction, StateError } from "../core/index.ts";
import { Barrier, BoundedSemaphore, Event, Semaphore } from "../sync/index.ts";
import { type Lone, loneInfo, startLoneProcess } from "../worker/index.ts";
import { JoinableQueue } from "./joinable-queue.ts";
import type { Address } from "./listener.ts";
import { ManagedCondition, ManagedLock, ManagedRLock } from "./managed-locks.ts";
import { ManagedDict, ManagedList, ManagedNamespace, ManagedValue } from "./managed-types.ts";
import { ManagerClient } from "./manager-client.ts";
import { type Creator, ManagerServer } from "./manager-server.ts";
import { makeProxy, type Proxied } from "./proxy.ts";
import { Queue } from "./queue.ts";

export interface ManagerOptions<R extends Record<string, Creator>> {
  /** Where the server listens, or is to be found: a path, or a port of a host. Default: a fresh unix socket. */
  readonly address?: Address;
  /** What both sides must know. Default for a server that is started here: random. */
  readonly authkey?: Uint8Array | string;
  /** The types of objects it makes, each with the function that makes one in the server. */
  readonly types?: R;
}

/** What a manager makes of a type. */
type Made<C> = C extends (...args: any[]) => infer T ? (unknown extends T ? any : Proxied<Awaited<T>>) : any;

/**
 * Objects that live in one process and are used from many, here or on other machines, always authenticated. Python:
 * `multiprocessing.managers.BaseManager`.
 *
 *     await using manager = await new BaseManager({ types: { Counter: () => new Counter() } }).start();
 *     const counter = await manager.create("Counter");
 *     await counter.increment();
 *
 * `start` runs the server in a process of its own, `getServer` in this one, and `connect` finds one that runs already.
 */
export class BaseManager<
  R extends Record<string, Creator> = Record<string, Creator>,
> implements AsyncDisposable {
  readonly #types: Record<string, Creator>;
  readonly #key: Uint8Array;
  #address: Address | undefined;
  #directory: string | undefined;
  #server: Lone | null = null;
  #state: "new" | "started" | "connected" | "stopped" = "new";

  constructor(options: ManagerOptions<R> = {}) {
    this.#types = { ...options.types };
    this.#address = options.address;
    const { authkey } = options;
    this.#key = typeof authkey === "string" ? Buffer.from(authkey) : (authkey ?? inheritedKey());
  }

  /** Adds a type before the start; the way of programs translated from Python. */
  register(type: string, create: Creator): this {
    requireFunction("create", create);
    if (this.#state !== "new")
      throw new StateError(`register: the manager runs already; it would not know ${type}`);
    this.#types[type] = create;
    return this;
  }

  /** Starts the server in a process of its own. It ends with `shutdown`, or with this program. */
  async start(): Promise<this> {
    this.#requireNew("start");
    this.#state = "started";
    this.#address ??= join((this.#directory = mkdtempSync(join(tmpdir(), "spool-manager-"))), "socket");
    const settings = { address: this.#address, authkey: this.#key, types: this.#types };
    this.#server = startLoneProcess({
      target: ship(serveManager, { to: "process" }).payload,
      args: packArguments([settings], { to: "process" }),
      info: {
        name: "spool manager",
        daemon: true,
        parent: { name: "", ident: process.pid },
        authkey: this.#key,
      },
    });
    this.#server.unref();
    await this.#reach();
    return this;
  }

  /** Finds a server that runs already, at the address and with the key given. */
  async connect(): Promise<this> {
    this.#requireNew("connect");
    if (this.#address === undefined)
      throw new ArgumentError("connect: give the manager the server's `address`");
    this.#state = "connected";
    await ManagerClient.to(this.#address, this.#key);
    return this;
  }

  /** A server in this process; call its `serveForever`. */
  getServer(): Promise<ManagerServer> {
    this.#requireNew("getServer");
    return openServer({ address: this.#address, authkey: this.#key, types: this.#types });
  }

  /** Has the server make an object and gives a proxy of it. A proxy can be captured and passed on like a lock. */
  async create<K extends keyof R & string>(type: K, ...args: Parameters<R[K]>): Promise<Made<R[K]>> {
    const address = this.address;
    const client = await ManagerClient.to(address, this.#key);
    const created = await client.create(type, args);
    return makeProxy({ address, authkey: this.#key, ...created }, client) as Made<R[K]>;
  }

  /** Where the server listens. */
  get address(): Address {
    if (this.#state === "new")
      throw new StateError("The manager does not run: call start() or connect() first");
    if (this.#state === "stopped") throw new StateError("The manager was shut down");
    return this.#address!;
  }

  /** Ends the server that `start` started, and what it holds. Idempotent. */
  async shutdown(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (this.#state !== "new" && this.#state !== "stopped")
      (await ManagerClient.to(this.#address!, this.#key).catch(() => null))?.close();
    this.#state = "stopped";
    if (server !== null) {
      server.ref();
      server.kill("SIGTERM");
      await server.ended;
    }
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** The server takes some 50 ms to come up. */
  async #reach(): Promise<void> {
    const server = this.#server!;
    for (;;) {
      try {
        await ManagerClient.to(this.#address!, this.#key);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (server.end !== null || (code !== "ENOENT" && code !== "ECONNREFUSED")) {
          await this.shutdown();
          throw new StateError(
            "The manager's process ended before it could be reached; its output says why",
            { cause: error },
          );
        }
        await Promise.race([server.ended, new Promise((resolve) => setTimeout(resolve, RETRY_MS))]);
      }
    }
  }

  #requireNew(call: string): void {
    if (this.#state !== "new")
      throw new StateError(`${call}: the manager was started, connected or shut down before`);
  }
}

const RETRY_MS = 5;

interface ServerSettings {
  readonly address: Address | undefined;
  readonly authkey: Uint8Array;
  readonly types: Record<string, Creator>;
}

function openServer({ address, authkey, types }: ServerSettings): Promise<ManagerServer> {
  return ManagerServer.open(types, { authkey, ...(address !== undefined && { address }) });
}

/** The program of a manager's process; found by name. @public */
export async function serveManager(settings: ServerSettings): Promise<void> {
  const server = await openServer(settings);
  await server.serveForever();
}

let ownKey: Uint8Array | undefined;

function inheritedKey(): Uint8Array {
  return loneInfo()?.authkey ?? (ownKey ??= randomBytes(32));
}

/** The types that `Manager()` knows. */
export const SYNC_TYPES: Record<string, Creator> = {
  dict: (entries) => new ManagedDict(entries),
  list: (items) => new ManagedList(items),
  Namespace: (values) => new ManagedNamespace(values),
  Value: (value) => new ManagedValue(value),
  Array: (items) => new ManagedList(items),
  Queue: (maxSize) => new Queue(maxSize),
  JoinableQueue: (maxSize) => new JoinableQueue(maxSize),
  Lock: () => new ManagedLock(),
  RLock: () => new ManagedRLock(),
  Condition: () => new ManagedCondition(),
  Semaphore: (value) => new Semaphore(value),
  BoundedSemaphore: (value) => new BoundedSemaphore(value),
  Event: () => new Event(),
  Barrier: (parties) => new Barrier(parties),
};

interface Seconds {
  readonly timeout?: number;
}

/** A lock in a manager, as its clients see it. */
export interface ClientLock {
  acquire(options?: Seconds): boolean;
  tryAcquire(): boolean;
  release(): void;
  locked(): boolean;
}

/** A condition in a manager, as its clients see it. */
export interface ClientCondition {
  acquire(options?: Seconds): boolean;
  release(): void;
  wait(options?: Seconds): boolean;
  notify(count?: number): void;
  notifyAll(): void;
}
