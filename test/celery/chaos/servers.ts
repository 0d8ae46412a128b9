import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mortal } from "./mortal.ts";

/** A broker of our own that may be killed and started again on the same data. */
export interface Server {
  readonly url: string;
  /** Starts it and resolves when it answers. */
  start(): Promise<void>;
  /** Ends it: politely, or with SIGKILL. Resolves when it is gone. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const START_SECONDS = 60;

/** Redis that hands every change to the kernel before it answers, so that not even SIGKILL makes it forget one. */
export async function redisServer(directory: string): Promise<Server> {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", ""];
  const durable = ["--appendonly", "yes", "--appendfsync", "everysec"];
  return service(`redis://127.0.0.1:${port}/0`, port, () => spawn("redis-server", [...settings, ...durable]));
}

/** A server of Redis for one test: nothing is kept, and further settings decide what it is. */
export function plainRedis(url: string, port: number, settings: readonly string[]): Server {
  return service(url, port, () => spawn("redis-server", [...settings, "--save", "", "--bind", "127.0.0.1"]));
}

/** A RabbitMQ node with a name and a data directory of its own; `config` are lines of its configuration file. */
export async function rabbitServer(directory: string, config: readonly string[] = []): Promise<Server> {
  const port = await freePort();
  const distribution = await freePort();
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "rabbitmq.conf"), config.join("\n"));
  const environment = {
    ...process.env,
    HOME: directory,
    RABBITMQ_NODENAME: `chaos${process.pid}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(directory, "mnesia"),
    RABBITMQ_LOG_BASE: join(directory, "log"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
    RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq.conf"),
  };
  // The launcher of the distribution wants to be root or rabbitmq and then changes user; the server itself does not.
  const command = "/usr/lib/rabbitmq/bin/rabbitmq-server";
  return service(`amqp://guest:guest@127.0.0.1:${port}//`, port, () =>
    spawn(command, [], { env: environment, detached: true }),
  );
}

function service(url: string, port: number, launch: () => ChildProcess): Server {
  let running: ChildProcess | undefined;
  return {
    url,
    start: async () => {
      const child = mortal(launch(), url.startsWith("amqp"));
      running = child;
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
      const until = Date.now() + START_SECONDS * 1000;
      while (!(await answers(port, url.startsWith("amqp") ? AMQP_HEADER : REDIS_PING))) {
        if (child.exitCode !== null || Date.now() > until) throw new Error(`${url} did not start: ${output}`);
        await sleep(50);
      }
    },
    stop: async (signal) => {
      const child = running;
      running = undefined;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      // A launcher script that replaced itself is the server; one that did not shares its process group.
      if (url.startsWith("amqp")) process.kill(-child.pid!, signal);
      else child.kill(signal);
      await exited;
      while (await answers(port, "")) await sleep(20);
    },
  };
}

const REDIS_PING = "PING\r\n";
const AMQP_HEADER = "AMQP\0\0\x09\x01";

/** Whether the server takes a connection and, when it is sent something, answers as one that is ready. */
function answers(port: number, greeting: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
    socket.once("connect", () => (greeting === "" ? end(true) : socket.write(greeting)));
    socket.once("data", (data: Buffer) =>
      end(greeting !== REDIS_PING || data.toString().startsWith("+PONG")),
    );
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
