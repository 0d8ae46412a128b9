import type { Redis, RedisOptions } from "ioredis";
import { OperationalError, UnsupportedError } from "../../core/index.ts";

/** The only file that knows the client library. */
export type RedisClient = Redis;

export interface RedisAddress {
  /** Database number; part of the names of fanout channels. */
  readonly db: number;
  readonly options: RedisOptions;
  /** For people, without the password. */
  readonly shown: string;
}

/** Seconds to try before the first connection is given up; later losses are repaired for as long as it takes. */
const FIRST_CONNECT_SECONDS = 4;
const LONGEST_PAUSE_MS = 2000;
/** Between looks whether a server that has started has read its data; the library's own is a second or more. */
const LOADING_PAUSE_MS = 100;

/** Reads Celery's Redis URLs: `redis://`, `rediss://`, `redis+socket://`, `sentinel://h1:p1;sentinel://h2:p2/db`. */
export function redisAddress(url: string, transport: Readonly<Record<string, unknown>>): RedisAddress {
  const first = new URL(url.split(";")[0]!);
  const db = Number(first.searchParams.get("virtual_host") ?? first.pathname.slice(1)) || 0;
  const shown = url.replace(/:[^:@/]*@/g, ":***@");
  const credentials: RedisOptions = {
    ...(first.username === "" ? {} : { username: decodeURIComponent(first.username) }),
    ...(first.password === "" ? {} : { password: decodeURIComponent(first.password) }),
  };
  if (first.protocol === "redis+socket:")
    return { db: dbOf(first), shown, options: { ...credentials, path: first.pathname, db: dbOf(first) } };
  if (first.protocol === "sentinel:") {
    const sentinels = url.split(";").map((one) => new URL(one));
    return {
      db,
      shown,
      options: {
        ...credentials,
        db,
        name: String(transport["master_name"] ?? "mymaster"),
        sentinels: sentinels.map(({ hostname, port }) => ({ host: hostname, port: Number(port) || 26_379 })),
      },
    };
  }
  const tls = first.protocol === "rediss:" ? { tls: (transport["tls"] as object | undefined) ?? {} } : {};
  return {
    db,
    shown,
    options: {
      ...credentials,
      ...tls,
      db,
      host: first.hostname || "127.0.0.1",
      port: Number(first.port) || 6379,
    },
  };
}

/** The connections that one broker or backend has open. */
export class RedisConnections {
  readonly #address: RedisAddress;
  readonly #open = new Set<RedisClient>();

  constructor(address: RedisAddress) {
    this.#address = address;
  }

  async connect(): Promise<RedisClient> {
    const client = await connectRedis(this.#address);
    this.#open.add(client);
    client.once("end", () => this.#open.delete(client));
    return client;
  }

  /** Ends them all at once; what is under way fails. */
  disconnect(): void {
    for (const client of this.#open) client.disconnect();
  }
}

/** Opens a connection; rejects when the server cannot be reached at first. */
export async function connectRedis(address: RedisAddress): Promise<RedisClient> {
  const { Redis } = await import("ioredis").catch((cause: unknown) => {
    throw new UnsupportedError("redis:// needs the package ioredis: run `npm install ioredis`", { cause });
  });
  const options: RedisOptions = {
    ...address.options,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: LOADING_PAUSE_MS,
    retryStrategy: (times: number) => Math.min(times * 50, LONGEST_PAUSE_MS),
  };
  const client = new (Redis as unknown as new (options: RedisOptions) => RedisClient)(options);
  let last: unknown;
  client.on("error", (error: unknown) => (last = error));
  await firstConnection(client, () => last, address.shown);
  return client;
}

async function firstConnection(client: Redis, lastError: () => unknown, shown: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    client.disconnect();
    reject(
      new OperationalError(
        `Redis at ${shown} cannot be reached: ${String(lastError() ?? "no answer")}; is it running?`,
        { cause: lastError() },
      ),
    );
  }, FIRST_CONNECT_SECONDS * 1000);
  client.once("ready", () => resolve());
  client.connect().catch(() => {});
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

function dbOf(url: URL): number {
  return Number(url.searchParams.get("virtual_host")) || 0;
}
