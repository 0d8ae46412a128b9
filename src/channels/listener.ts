import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { invalid, StateError, waitable, type WaitOptions } from "../core/index.ts";
import { answerChallenge, deliverChallenge } from "./authenticate.ts";
import { SocketConnection } from "./socket-connection.ts";

/** A path (a unix socket) or a port of a host. */
export type Address = string | { readonly host?: string; readonly port: number };

export interface ListenerOptions {
  /** Default: a fresh unix socket in the directory for temporary files. A port without a host listens on loopback only. */
  readonly address?: Address;
  /** Connections that may wait for `accept`. */
  readonly backlog?: number;
  /** Both sides must know it and prove it to each other. Without one anybody can connect who reaches the address. */
  readonly authkey?: Uint8Array | string;
}

/**
 * Accepts connections from `Client`s of this package and of Python. Python: `multiprocessing.connection.Listener`.
 *
 *     await using listener = await Listener.open({ authkey: "secret" });
 *     const connection = await listener.accept();
 */
export class Listener implements AsyncDisposable {
  readonly address: Address;
  readonly #server: Server;
  readonly #key: Uint8Array | undefined;
  readonly #arrived: (Promise<SocketConnection> | SocketConnection)[] = [];
  #waiting: (() => void)[] = [];
  #last: Address | null = null;
  #closed = false;

  private constructor(server: Server, address: Address, key: Uint8Array | undefined) {
    this.#server = server;
    this.address = address;
    this.#key = key;
    server.on("connection", (socket) => this.#welcome(socket));
  }

  static async open({ address, backlog = 16, authkey }: ListenerOptions = {}): Promise<Listener> {
    const server = createServer();
    const at = address ?? join(tmpdir(), `spool-${process.pid}-${randomBytes(6).toString("hex")}.sock`);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      if (typeof at === "string") server.listen({ path: at, backlog }, resolve);
      else server.listen({ host: at.host ?? "127.0.0.1", port: at.port, backlog }, resolve);
    });
    const bound = server.address() as AddressInfo | string;
    const where = typeof bound === "string" ? bound : { host: bound.address, port: bound.port };
    return new Listener(server, where, keyOf(authkey));
  }

  /** The next connection. Throws AuthenticationError when the client that came does not know the key. */
  async accept(options: WaitOptions = {}): Promise<SocketConnection> {
    while (this.#arrived.length === 0) {
      if (this.#closed) throw new StateError("accept: the listener is closed");
      const wake = (): void => void wait.resolve();
      const wait = waitable<void>(options, "accept", () => {
        this.#waiting = this.#waiting.filter((other) => other !== wake);
      });
      this.#waiting.push(wake);
      await wait.promise;
    }
    return this.#arrived.shift()!;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Where the connection that came last was made from. Python: `last_accepted`. */
  get lastAccepted(): Address | null {
    return this.#last;
  }

  /** Accepts nothing more; what was accepted stays open. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    if (typeof this.address === "string") rmSync(this.address, { force: true });
    void Promise.allSettled(this.#arrived).then((results) => {
      for (const result of results) if (result.status === "fulfilled") result.value.close();
    });
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #welcome(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    this.#last = remotePort === undefined ? "" : { host: remoteAddress!, port: remotePort };
    const connection = new SocketConnection(socket);
    if (this.#key === undefined) this.#arrived.push(connection);
    else {
      const proved = withinTime(connection, async () => {
        await deliverChallenge(connection, this.#key!);
        await answerChallenge(connection, this.#key!);
      });
      proved.catch(() => {});
      this.#arrived.push(proved);
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export interface ClientOptions extends WaitOptions {
  readonly authkey?: Uint8Array | string;
}

/** Connects to a `Listener` of this package or of Python. Python: `multiprocessing.connection.Client`. */
export async function Client(
  address: Address,
  { authkey, ...options }: ClientOptions = {},
): Promise<SocketConnection> {
  const key = keyOf(authkey);
  const connection = new SocketConnection(await dial(address, options));
  if (key === undefined) return connection;
  return withinTime(connection, async () => {
    await answerChallenge(connection, key);
    await deliverChallenge(connection, key);
  });
}

/** A peer that connects and says nothing is let go. */
const HANDSHAKE_MS = 10_000;

function dial(address: Address, options: WaitOptions): Promise<Socket> {
  const socket =
    typeof address === "string" ? connect(address) : connect(address.port, address.host ?? "127.0.0.1");
  socket.setNoDelay(true);
  const wait = waitable<Socket>(options, "connect", () => socket.destroy());
  socket.once("connect", () => wait.resolve(socket));
  socket.once("error", (error) => wait.reject(error));
  return wait.promise;
}

async function withinTime(
  connection: SocketConnection,
  prove: () => Promise<void>,
): Promise<SocketConnection> {
  const timer = setTimeout(() => connection.close(), HANDSHAKE_MS);
  try {
    await prove();
    connection.trust();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function keyOf(authkey: Uint8Array | string | undefined): Uint8Array | undefined {
  if (authkey === undefined) return undefined;
  if (typeof authkey === "string" && authkey !== "") return Buffer.from(authkey);
  if (authkey instanceof Uint8Array && authkey.length > 0) return authkey;
  throw invalid("authkey", authkey, "text or bytes, not empty");
}
