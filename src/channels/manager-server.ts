import { encodeError } from "../closures/index.ts";
import { EOFError, RemoteError } from "../core/index.ts";
import { posix } from "../memory/index.ts";
import { encode } from "./codec.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import { ManagerObjects } from "./manager-objects.ts";
import { pipe, type PipeConnection } from "./pipe.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** Makes an object of a type; runs in the server. */
export type Creator = (...args: any[]) => unknown;

/** An object whose methods want to know which client calls, as their first argument. */
export interface PerClient {
  readonly perClient: true;
  /** A client has gone, with or without saying so: give up what it held. */
  clientGone(client: object): void;
}

/** Asked: id, operation, object or type, method, arguments. */
export type Request = readonly [
  id: number,
  op: "create" | "call" | "travel" | "drop" | "shortcut" | "shutdown",
  of: number | string,
  method: string,
  args: unknown[],
];
/** Answered: id, whether it went well, the value or the error. */
export type Response = readonly [id: number, ok: boolean, value: unknown];

/** What `create` answers. */
export interface Created {
  readonly object: number;
  readonly methods: readonly string[];
}

/**
 * Holds objects and carries out the calls of any number of clients, each call as soon as it comes: one that waits (for
 * a lock, for an item) keeps no other from being answered. Python: `multiprocessing.managers.Server`.
 */
export class ManagerServer implements AsyncDisposable {
  readonly #listener: Listener;
  readonly #creators: Readonly<Record<string, Creator>>;
  readonly #objects = new ManagerObjects();
  readonly #clients = new Set<SocketConnection>();
  readonly #shortcuts = new Map<SocketConnection, AbortController>();
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  private constructor(listener: Listener, creators: Readonly<Record<string, Creator>>) {
    this.#listener = listener;
    this.#creators = creators;
    void this.#accept();
  }

  static async open(
    creators: Readonly<Record<string, Creator>>,
    options: ListenerOptions,
  ): Promise<ManagerServer> {
    return new ManagerServer(await Listener.open({ backlog: 128, ...options }), creators);
  }

  get address(): Listener["address"] {
    return this.#listener.address;
  }

  /** How many objects clients can reach. Python: `number_of_objects`. */
  get size(): number {
    return this.#objects.size;
  }

  /** Serves until `close` or a client's shutdown. Python: `serve_forever`. */
  serveForever(): Promise<void> {
    return this.#closed.promise;
  }

  close(): void {
    this.#listener.close();
    for (const client of this.#clients) client.close();
    this.#closed.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #accept(): Promise<void> {
    while (!this.#listener.closed) {
      try {
        void this.#serve(await this.#listener.accept());
      } catch {
        // A client that does not know the key, or the end.
      }
    }
  }

  async #serve(client: SocketConnection): Promise<void> {
    this.#clients.add(client);
    try {
      for (;;) void this.#answer(client, client, await client.recv<Request>());
    } catch (error) {
      if (!(error instanceof EOFError)) client.close();
    }
    this.#clients.delete(client);
    client.close();
    this.#shortcuts.get(client)?.abort();
    this.#shortcuts.delete(client);
    for (const object of this.#objects) if (isPerClient(object)) object.clientGone(client);
    this.#objects.dropAll(client);
  }

  async #answer(client: SocketConnection, way: Way, request: Request): Promise<void> {
    const [id] = request;
    let response: Response;
    try {
      const value = this.#perform(client, request);
      response = [id, true, value instanceof Promise ? await value : value];
    } catch (error) {
      response = [id, false, encodeError(error)];
    }
    try {
      await way.send(response);
    } catch (error) {
      if (client.closed) return;
      await way.send([id, false, encodeError(error)]).catch(() => client.close());
    }
  }

  /**
   * Gives a client on this machine a pipe in shared memory; null where there is none. Its socket tells when it ends.
   * As bytes, because a client that cannot open the memory must still be able to read the answer.
   */
  #openShortcut(client: SocketConnection): Buffer | null {
    if (posix() === null || this.#shortcuts.has(client)) return null;
    const [mine, theirs] = pipe("process");
    const gone = new AbortController();
    this.#shortcuts.set(client, gone);
    void this.#serveShortcut(client, mine, gone.signal);
    const { kind, length, write } = encode(theirs);
    const bytes = Buffer.alloc(length + 1, kind);
    write(bytes, 1);
    // On its way it counts as held.
    theirs.close();
    return bytes;
  }

  async #serveShortcut(client: SocketConnection, way: PipeConnection, signal: AbortSignal): Promise<void> {
    try {
      for (let served = 1; ; served++) {
        void this.#answer(client, way, await way.recv<Request>({ signal }));
        // Requests that come one after the other would keep the event loop from everybody else.
        if (served % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch {
      way.close();
      client.close();
    }
  }

  #perform(client: SocketConnection, [, op, of, method, args]: Request): unknown {
    if (op === "create") return this.#create(client, String(of), args);
    if (op === "travel") return this.#objects.travel(of as number);
    if (op === "drop") return this.#objects.drop(of as number, client);
    if (op === "shortcut") return this.#openShortcut(client);
    if (op === "shutdown") return void setImmediate(() => this.close());
    const object = this.#objects.hold(of as number, client) as Record<string, unknown> | undefined;
    if (object === undefined)
      throw new RemoteError("The object is gone from the manager: nobody had a proxy of it any more");
    const fn = methodsOf(object).includes(method) ? object[method] : undefined;
    if (typeof fn !== "function") throw new RemoteError(`The object has no method ${method}`);
    return (fn as Creator).apply(object, isPerClient(object) ? [client, ...args] : args);
  }

  async #create(client: SocketConnection, type: string, args: unknown[]): Promise<Created> {
    const creator = Object.hasOwn(this.#creators, type) ? this.#creators[type]! : undefined;
    if (creator === undefined)
      throw new RemoteError(`The manager has no type ${type}; register it before it starts`);
    const object = (await creator(...args)) as object;
    const id = this.#objects.add(object);
    this.#objects.hold(id, client);
    return { object: id, methods: methodsOf(object) };
  }
}

/** Where a request came from and its answer goes. */
interface Way {
  send(value: unknown): Promise<void>;
}

/** Requests of one client between two turns of the event loop. */
const TURN = 64;

function isPerClient(object: unknown): object is PerClient {
  return (object as PerClient | null)?.perClient === true;
}

/** Public methods, inherited ones too; what begins with an underscore or belongs to every object is not called from afar. */
function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function" && !name.startsWith("_") && !NEVER.has(name)) names.add(name);
    }
  }
  return [...names];
}

/** `then` would make a proxy look like a promise. */
const NEVER = new Set(["constructor", "then", "clientGone"]);
