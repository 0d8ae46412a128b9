import { decodeError, type WireError } from "../closures/index.ts";
import { RemoteError } from "../core/index.ts";
import { type Address, Client } from "./listener.ts";
import type { Created, Request, Response } from "./manager-server.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** This thread's way to a manager: one connection, any number of calls under way. */
export class ManagerClient {
  readonly #connection: SocketConnection;
  readonly #pending = new Map<number, { resolve(value: any): void; reject(error: unknown): void }>();
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
    const made = Client(address, { ...options, authkey }).then((connection) => new ManagerClient(connection));
    clients.set(key, made);
    const forget = (): void => void (clients.get(key) === made && clients.delete(key));
    made.then((client) => client.#connection.ended.then(forget), forget);
    return made;
  }

  call<R>(op: Request[1], of: number | string, method: string, args: unknown[]): Promise<R> {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#pending.set(id, { resolve, reject });
    this.#connection.hold(this.#pending.size > 0);
    this.#connection
      .send([id, op, of, method, args] satisfies Request)
      .catch((error: unknown) => this.#settle(id, error));
    return promise;
  }

  create(type: string, args: unknown[]): Promise<Created> {
    return this.call("create", type, "", args);
  }

  close(): void {
    this.#connection.close();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const [id, ok, value] = await this.#connection.recvIdle<Response>();
        if (ok) this.#settle(id, undefined, { value });
        else this.#settle(id, await decodeError(value as WireError, undefined));
      }
    } catch (cause) {
      const gone = new RemoteError("The manager has ended, or the connection to it is lost", { cause });
      const ids = Array.from(this.#pending.keys());
      for (const id of ids) this.#settle(id, gone);
      this.#connection.close();
    }
  }

  #settle(id: number, error: unknown, result?: { readonly value: unknown }): void {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    this.#connection.hold(this.#pending.size > 0);
    if (result !== undefined) call?.resolve(result.value);
    else call?.reject(error);
  }
}

const clients = new Map<string, Promise<ManagerClient>>();
