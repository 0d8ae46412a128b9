import { randomBytes } from "node:crypto";
import { get } from "node:http";
import type { Socket } from "node:net";
import { ProfilerError } from "../../core/index.ts";
import { Protocol } from "./protocol.ts";

/** A connection to an inspector's TCP port. */
export interface PortConnection {
  readonly protocol: Protocol;
  close(): void;
}

const TEXT = 1;
const CLOSE = 8;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * Connects to the inspector that listens on the loopback port. The caller has made sure whose port it is. This
 * speaks just enough WebSocket for Node's inspector; the global WebSocket would take tens of milliseconds to load,
 * with the port open all the while.
 */
export async function connectToPort(port: number, signal: AbortSignal): Promise<PortConnection> {
  const targets = JSON.parse(await fetchText(port, "/json/list", signal)) as {
    webSocketDebuggerUrl?: string;
  }[];
  const path = targets[0]?.webSocketDebuggerUrl?.replace(/^ws:\/\/[^/]+/, "");
  if (path === undefined) throw new ProfilerError(`port ${port} is not a Node inspector's`);
  const { socket, head } = await upgrade(port, path, signal);
  const protocol = new Protocol({ post: (message) => void socket.write(frame(TEXT, message)) });
  const take = reader((message) => protocol.receive(message));
  socket.on("data", take);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => protocol.fail(new ProfilerError("the inspector closed the connection")));
  if (head.length > 0) take(head);
  return { protocol, close: () => void socket.end(frame(CLOSE, "")) };
}

function fetchText(port: number, path: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get({ host: "127.0.0.1", port, path, signal, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (part: string) => (text += part));
    response.on("end", () => resolve(text));
    response.on("error", reject);
  }).on("error", reject);
  return promise;
}

function upgrade(port: number, path: string, signal: AbortSignal): Promise<{ socket: Socket; head: Buffer }> {
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
  };
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: Socket; head: Buffer }>();
  get({ host: "127.0.0.1", port, path, headers, signal, agent: false })
    .on("upgrade", (_response, socket, head) => resolve({ socket: socket as Socket, head }))
    .on("response", (response) => {
      response.destroy();
      reject(new ProfilerError(`the inspector refused the connection (status ${response.statusCode})`));
    })
    .on("error", reject);
  return promise;
}

/** One frame from a client: final, masked, as the protocol demands of clients. */
function frame(opcode: number, text: string): Buffer {
  const body = Buffer.from(text);
  const mask = randomBytes(4);
  const header = [0x80 | opcode];
  if (body.length < LENGTH_16) header.push(0x80 | body.length);
  else if (body.length < 0x10000) header.push(0x80 | LENGTH_16, body.length >> 8, body.length & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(body.length));
    header.push(0x80 | LENGTH_64, ...length);
  }
  for (let i = 0; i < body.length; i++) body[i]! ^= mask[i & 3]!;
  return Buffer.concat([Buffer.from(header), mask, body]);
}

/** Takes bytes as they come and hands on whole text messages. Node's inspector sends each in one frame. */
function reader(onText: (text: string) => void): (bytes: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    for (;;) {
      const found = payload(pending);
      if (found === undefined) return;
      if ((pending[0]! & 0x0f) === TEXT) onText(pending.toString("utf8", found.start, found.end));
      pending = pending.subarray(found.end);
    }
  };
}

/** Where the first frame's content lies; undefined while it is incomplete. */
function payload(bytes: Buffer): { start: number; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const start = short === LENGTH_16 ? 4 : short === LENGTH_64 ? 10 : 2;
  if (bytes.length < start) return undefined;
  const length =
    short === LENGTH_16
      ? bytes.readUInt16BE(2)
      : short === LENGTH_64
        ? Number(bytes.readBigUInt64BE(2))
        : short;
  return bytes.length < start + length ? undefined : { start, end: start + length };
}
