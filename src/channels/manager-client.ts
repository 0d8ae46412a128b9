import { decodeError, type WireError } from "../closures/index.ts";
import { RemoteError } from "../core/index.ts";
import { posix } from "../memory/index.ts";
import { decode } from "./codec.ts";
import { type Address, Client } from "./listener.ts";
import type { Created, Request, Response } from "./manager-server.ts";
import type { PipeConnection } from "./pipe.ts";
import type { SocketConnection } from "./socket-connection.ts";

/**
 * This thread's way to a manager: one connection, any number of calls under way. On one machine the calls go through a
 * pipe in shared memory, a quarter of a socket's round trip, and the socket says when the other side ends.
 */
export class ManagerClient {
  readonly #connection: SocketConnection;
  readonly #pending = new Map<number, { resolve(value: any): void; reject(error: unknown): void }>();
  readonly #gone = new AbortController();
  readonly #proxies = new Map<number, number>();
  #shortcut: PipeConnection | null = null;
  #reading = false;
  #next = 0;

  private constructor(connection: SocketConnection) {
    this.#connection = connection;
    void this.#read();
  }

  /** The client for an address; made on first use, made again after it broke. */
  static to(
    address: Address,
    authkey: Uint8Array,
    options: { readonly timeout?: number } = {},
  ): Promise<ManagerClient> {
    const key = JSON.stringify(address);
    const known = clients.get(key);
    if (known !== undefined) return known;
    const made = ManagerClient.#connect(address, authkey, options);
    clients.set(key, made);
    const forget = (): void => void (clients.get(key) === made && clients.delete(key));
    made.then((client) => client.#connection.ended.then(forget), forget);
    return made;
  }

  static async #connect(
    address: Address,
    authkey: Uint8Array,
    options: { readonly timeout?: number },
  ): Promise<ManagerClient> {
    const client = new ManagerClient(await Client(address, { ...options, authkey }));
    if (typeof address === "string" && posix() !== null) {
      const bytes = await client.call<Buffer | null>("shortcut", 0, "", []);
      client.#shortcut = bytes && (await openShortcut(bytes));
    }
    return client;
  }

  get open(): boolean {
    return !this.#gone.signal.aborted;
  }

  call<R>(op: Request[1], of: number | string, method: string, args: unknown[]): Promise<R> {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#pending.set(id, { resolve, reject });
    (this.#shortcut ?? this.#connection)
      .send([id, op, of, method, args] satisfies Request)
      .catch((error: unknown) => this.#settle(id, error));
    if (this.#shortcut === null) this.#connection.hold(true);
    else if (!this.#reading) void this.#readShortcut(this.#shortcut);
    return promise;
  }

  create(type: string, args: unknown[]): Promise<Created> {
    return this.call("create", type, "", args);
  }

  /** One more proxy of an object in this thread. */
  adopt(object: number): void {
    this.#proxies.set(object, (this.#proxies.get(object) ?? 0) + 1);
  }

  /** One proxy less; the manager is told of the last. */
  release(object: number): void {
    const left = (this.#proxies.get(object) ?? 0) - 1;
    this.#proxies.set(object, left);
    if (left > 0) return;
    this.#proxies.delete(object);
    if (this.open) this.call("drop", object, "", []).catch(() => {});
  }

  /** A proxy is sent to somebody. */
  travel(object: number): void {
    if (this.open) this.call("travel", object, "", []).catch(() => {});
  }

  close(): void {
    this.#connection.close();
  }

  async #read(): Promise<void> {
    try {
      for (;;) await this.#take(await this.#connection.recvIdle<Response>());
    } catch (cause) {
      const gone = new RemoteError("The manager has ended, or the connection to it is lost", { cause });
      const ids = Array.from(this.#pending.keys());
      for (const id of ids) this.#settle(id, gone);
      this.#gone.abort();
      this.#connection.close();
      this.#shortcut?.close();
    }
  }

  /** Reads while answers are due: waiting at a pipe keeps the program alive. */
  async #readShortcut(way: PipeConnection): Promise<void> {
    this.#reading = true;
    try {
      while (this.#pending.size > 0)
        await this.#take(await way.recv<Response>({ signal: this.#gone.signal }));
    } catch {
      // Its other end is gone, and the socket with it.
      this.#connection.close();
    }
    this.#reading = false;
  }

  async #take([id, ok, value]: Response): Promise<void> {
    if (ok) this.#settle(id, undefined, { value });
    else this.#settle(id, await decodeError(value as WireError, undefined));
  }

  #settle(id: number, error: unknown, result?: { readonly value: unknown }): void {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#connection.hold(false);
    if (result !== undefined) call?.resolve(result.value);
    else call?.reject(error);
  }
}

/** Where processes cannot see each other's descriptors (containers) the socket alone has to do. */
async function openShortcut(bytes: Buffer): Promise<PipeConnection | null> {
  try {
    return (await decode(bytes, 1, bytes.length - 1, bytes[0]!)) as PipeConnection;
  } catch {
    return null;
  }
}

const clients = new Map<string, Promise<ManagerClient>>();
