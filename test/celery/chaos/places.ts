import { join } from "node:path";
import { unique } from "../support/services.ts";
import { rabbitServer, redisServer, type Server } from "./servers.ts";

/** Where a siege takes place. */
export interface Ground {
  readonly broker: string;
  readonly backend: string;
  readonly queue: string;
  /** The broker, where it can be restarted. */
  readonly server: Server | undefined;
  close(): Promise<void>;
}

export async function onSqlite(directory: string): Promise<Ground> {
  const url = `sqlite://${join(directory, "spool.db")}`;
  return { broker: url, backend: url, queue: "chaos", server: undefined, close: async () => {} };
}

/** Broker and results in one Redis of our own. */
export async function onRedis(directory: string): Promise<Ground> {
  const server = await redisServer(join(directory, "redis"));
  await server.start();
  return {
    broker: server.url,
    backend: server.url,
    queue: "chaos",
    server,
    close: () => server.stop("SIGKILL"),
  };
}

/** A RabbitMQ of our own; the results are in a Redis that stays. */
export async function onRabbit(directory: string): Promise<Ground> {
  const server = await rabbitServer(join(directory, "rabbit"));
  const results = await redisServer(join(directory, "redis"));
  await Promise.all([server.start(), results.start()]);
  return {
    broker: server.url,
    backend: results.url,
    queue: "chaos",
    server,
    close: async () => {
      await Promise.all([server.stop("SIGKILL"), results.stop("SIGKILL")]);
    },
  };
}

/** The services that run on this machine anyway; they are not touched. */
export async function onSharedRabbit(): Promise<Ground> {
  return {
    broker: "amqp://guest:guest@127.0.0.1:5672//",
    backend: "redis://127.0.0.1:6379/5",
    queue: unique("chaos"),
    server: undefined,
    close: async () => {},
  };
}
