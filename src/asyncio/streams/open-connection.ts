import { type NetConnectOpts, type Socket, connect } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type WaitOptions, requireInteger } from "../../core/index.ts";
import { DONE, Waiter, refused } from "../waiter.ts";
import { DEFAULT_LIMIT, StreamReader } from "./stream-reader.ts";
import { StreamWriter } from "./stream-writer.ts";

export interface OpenConnectionOptions extends WaitOptions {
  /** Most bytes that `readline` and `readuntil` look through; default 64 KiB. */
  readonly limit?: number | undefined;
  /** Speak TLS; true, or Node's own options. */
  readonly tls?: boolean | ConnectionOptions | undefined;
}

/** Connects by TCP. Cancelling closes the socket. Python: `asyncio.open_connection`. */
export function openConnection(
  host: string,
  port: number,
  options: OpenConnectionOptions = {},
): Promise<[reader: StreamReader, writer: StreamWriter]> {
  return open({ host, port: requireInteger("port", port, 1, 65_535) }, options);
}

/** Connects to a unix socket. Python: `asyncio.open_unix_connection`. */
export function openUnixConnection(
  path: string,
  options: OpenConnectionOptions = {},
): Promise<[reader: StreamReader, writer: StreamWriter]> {
  return open({ path }, options);
}

async function open(
  target: NetConnectOpts,
  options: OpenConnectionOptions,
): Promise<[reader: StreamReader, writer: StreamWriter]> {
  await (refused(options) ?? DONE);
  const { socket, ready } = begin(target, options.tls);
  try {
    const waiter = new Waiter("openConnection", options);
    socket.once(ready, () => void waiter.grant());
    socket.once("error", (error: Error) => waiter.interrupt(error));
    await waiter.promise;
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  }
  return [new StreamReader(socket, options.limit ?? DEFAULT_LIMIT), new StreamWriter(socket)];
}

function begin(target: NetConnectOpts, tls: OpenConnectionOptions["tls"]): { socket: Socket; ready: string } {
  if (!tls) return { socket: connect({ allowHalfOpen: true, ...target }), ready: "connect" };
  const own = tls === true ? {} : tls;
  return { socket: connectTls({ ...(target as ConnectionOptions), ...own }), ready: "secureConnect" };
}
