import { once } from "node:events";
import {
  type AddressInfo,
  type ListenOptions,
  type Server as NetServer,
  type Socket,
  createServer,
} from "node:net";
import { type WaitOptions, onAbort, requireFunction } from "../../core/index.ts";
import { Scope, currentScope } from "../scope.ts";
import { sleep } from "../sleep.ts";
import { Supervisor } from "../supervisor.ts";
import { DEFAULT_LIMIT, StreamReader } from "./stream-reader.ts";
import { StreamWriter } from "./stream-writer.ts";

export type ConnectionHandler = (reader: StreamReader, writer: StreamWriter) => unknown;

export interface StartServerOptions {
  readonly limit?: number | undefined;
  readonly backlog?: number | undefined;
  /** Takes the error of a handler; default: a process warning. The other connections go on. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Listens on TCP (loopback unless `host` says otherwise; port 0 picks one) and runs `handler` as a task per connection;
 * the connection is closed when it returns. The server belongs to the scope it was started in: cancelling that stops
 * it and its connections. Python: `asyncio.start_server`.
 */
export function startServer(
  handler: ConnectionHandler,
  host: string | undefined,
  port: number,
  options: StartServerOptions = {},
): Promise<Server> {
  return listen(handler, { host: host ?? "127.0.0.1", port }, options);
}

/** The same on a unix socket. Python: `asyncio.start_unix_server`. */
export function startUnixServer(
  handler: ConnectionHandler,
  path: string,
  options: StartServerOptions = {},
): Promise<Server> {
  return listen(handler, { path }, options);
}

async function listen(
  handler: ConnectionHandler,
  target: ListenOptions,
  options: StartServerOptions,
): Promise<Server> {
  requireFunction("handler", handler);
  currentScope().throwIfCancelled();
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  listener.listen({ backlog: options.backlog ?? 100, ...target });
  await once(listener, "listening");
  if (currentScope().cancelled) listener.close();
  currentScope().throwIfCancelled();
  return new Server(listener, handler, options);
}

/** A listening server and its connections. `await using` stops it and cancels the connections that are left. */
export class Server implements AsyncDisposable {
  readonly #listener: NetServer;
  readonly #handler: ConnectionHandler;
  readonly #limit: number;
  readonly #connections: Supervisor;
  readonly #scope: Scope;
  readonly #unlink: () => void;

  /** For `startServer`. */
  constructor(listener: NetServer, handler: ConnectionHandler, options: StartServerOptions) {
    this.#listener = listener;
    this.#handler = handler;
    this.#limit = options.limit ?? DEFAULT_LIMIT;
    this.#connections = new Supervisor({ name: "connections", onError: options.onError ?? warnOf });
    this.#scope = currentScope();
    this.#unlink = onAbort(this.#scope.signal, () => this.close());
    listener.on("connection", (socket) => this.#accept(socket));
  }

  /** Where it listens. */
  get address(): AddressInfo | string | null {
    return this.#listener.address();
  }

  /** The port, for servers that were started with port 0. */
  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  isServing(): boolean {
    return this.#listener.listening;
  }

  /** Stops listening; connections go on. */
  close(): void {
    this.#unlink();
    this.#listener.close();
  }

  /** Waits until the last connection has ended. Python: `Server.wait_closed`. */
  async waitClosed(options?: WaitOptions): Promise<void> {
    await this.#connections.join(options);
    if (!this.isServing()) await this.#connections[Symbol.asyncDispose]();
  }

  /** Serves until it is cancelled, then stops listening. */
  async serveForever(): Promise<never> {
    try {
      return (await sleep(Infinity)) as never;
    } finally {
      this.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#connections[Symbol.asyncDispose]();
  }

  #accept(socket: Socket): void {
    this.#connections.createTask(() => this.#serve(socket), { name: "connection" });
  }

  async #serve(socket: Socket): Promise<void> {
    // An error reaches the handler through its reads and writes.
    socket.on("error", () => {});
    const writer = new StreamWriter(socket);
    try {
      await this.#handler(new StreamReader(socket, this.#limit), writer);
      writer.close();
    } finally {
      if (!writer.isClosing()) socket.destroy();
    }
  }
}

function warnOf(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`A connection's handler failed: ${text}`, "SpoolServerWarning");
}
