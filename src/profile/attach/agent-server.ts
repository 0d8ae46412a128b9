import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProfilerError } from "../../core/index.ts";
import { type AgentOrders, removeExitHook } from "./agent-source.ts";
import { sameNamespace } from "./proc.ts";

/** Milliseconds for which the agent's thread stays after it has let go; see {@link AgentOrders}. */
const LINGER_MS = 250;

/** What an agent says of itself when it has connected. */
export interface Hello {
  readonly token: string;
  readonly pid: number;
  readonly version: string;
  /** Thread id of the agent's own worker. */
  readonly agent: number;
}

/** An agent inside a target, connected to us. */
export interface AgentConnection {
  readonly hello: Hello;
  readonly socket: Socket;
  /** Set by the one who takes the connection over; called for each message after the greeting. */
  onMessage: (line: string) => void;
}

/**
 * The unix socket that agents connect to: mode 0600 in a directory of mode 0700 that only we and the target's user
 * can enter, and a secret that the agent must name first.
 */
export class AgentServer {
  /** The socket's path as the target sees it. */
  readonly path: string;
  readonly #token: string = randomBytes(24).toString("hex");
  readonly #directory: string;
  readonly #server: Server;

  private constructor(directory: string, path: string, server: Server) {
    this.#directory = directory;
    this.path = path;
    this.#server = server;
  }

  /** Listens for agents of `pid` (or of our own children when it is omitted). */
  static async listen(
    onAgent: (agent: AgentConnection) => void,
    target?: { readonly pid: number; readonly uid: number },
  ): Promise<AgentServer> {
    const name = `spool-${process.pid}-${randomBytes(6).toString("hex")}`;
    const foreign = target !== undefined && sameNamespace(target.pid, "mnt") === false;
    const base = foreign ? "/tmp" : tmpdir();
    if (foreign) requireFolder(`/proc/${target.pid}/root${base}`, target.pid);
    const directory = join(foreign ? `/proc/${target.pid}/root${base}` : base, name);
    mkdirSync(directory, { mode: 0o700 });
    const server = createServer();
    const own = new AgentServer(directory, join(base, name, "agent"), server);
    server.on("connection", (socket) => own.#greet(socket, onAgent));
    const listening = join(directory, "agent");
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(listening, resolve);
    });
    chmodSync(listening, 0o600);
    if (target !== undefined && target.uid !== process.getuid?.()) {
      chownSync(listening, target.uid, -1);
      chownSync(directory, target.uid, -1);
    }
    return own;
  }

  /** What an agent has to know to find us. */
  orders(): AgentOrders {
    const { path } = this;
    return { path, token: this.#token, linger: LINGER_MS, removeExitHook: removeExitHook(path) };
  }

  /** Takes no more agents; those connected stay. Removes the socket from the file system. */
  close(): void {
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #greet(socket: Socket, onAgent: (agent: AgentConnection) => void): void {
    let agent: AgentConnection | undefined;
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (agent !== undefined) agent.onMessage(line);
        else {
          const hello = this.#checked(line);
          if (hello === undefined) return void socket.destroy();
          agent = { hello, socket, onMessage: () => {} };
          onAgent(agent);
        }
      }
    });
  }

  #checked(line: string): Hello | undefined {
    try {
      const { hello } = JSON.parse(line) as { hello: Hello };
      const [given, expected] = [Buffer.from(hello.token), Buffer.from(this.#token)];
      return given.length === expected.length && timingSafeEqual(given, expected) ? hello : undefined;
    } catch {
      return undefined;
    }
  }
}

/** In a file system that is not ours a link could lead out of it, and into ours. */
function requireFolder(path: string, pid: number): void {
  if (lstatSync(path).isDirectory()) return;
  throw new ProfilerError(
    `/tmp in the file system of process ${pid} is a link: spool puts nothing there; use --external`,
    { code: "PROFILER_OTHER_NAMESPACE" },
  );
}
