import { randomUUID } from "node:crypto";
import { OperationalError, UnsupportedError } from "../core/index.ts";
import type { ResultBackend } from "./backends/backend.ts";
import { MetaCodec } from "./backends/meta-codec.ts";
import { openMemoryBackend } from "./backends/memory.ts";
import type { Broker } from "./brokers/broker.ts";
import { openMemoryBroker } from "./brokers/memory.ts";
import { loadSerializer } from "./protocol/serializers.ts";
import type { Settings } from "./settings.ts";
import { within } from "./within.ts";

/** Seconds that broker and backend get to take what is under way. */
const CLOSE_SECONDS = 5;

/** The app's broker and result backend, each opened on first use. */
export class Connections {
  /** Name of this app's private queue; every task says it as the place for answers. */
  readonly oid: string = randomUUID();
  readonly #settings: Settings;
  #broker: Promise<Broker> | undefined;
  #backend: Promise<ResultBackend> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  broker(): Promise<Broker> {
    this.#broker ??= openBroker(this.#settings).catch((error: unknown) => {
      this.#broker = undefined;
      throw error;
    });
    return this.#broker;
  }

  backend(): Promise<ResultBackend> {
    this.#backend ??= this.#openBackend().catch((error: unknown) => {
      this.#backend = undefined;
      throw error;
    });
    return this.#backend;
  }

  /** Closes what was opened; a later use opens it again. A server that does not answer is left after five seconds. */
  async close(): Promise<void> {
    // The backend first: results may travel through the broker.
    const open = [this.#backend, this.#broker].filter((one) => one !== undefined);
    this.#broker = undefined;
    this.#backend = undefined;
    const closing = async (): Promise<void> => {
      for (const one of open) await one.then((connection) => connection.close()).catch(() => {});
    };
    try {
      await within(CLOSE_SECONDS, closing(), () => this.#unanswered());
    } catch (error) {
      for (const one of open) one.then((connection) => connection.destroy()).catch(() => {});
      throw error;
    }
  }

  #unanswered(): OperationalError {
    const urls = [...new Set([this.#settings.broker, this.#settings.backend])].filter((url) => url !== null);
    return new OperationalError(
      `${urls.map(withoutPassword).join(" or ")} did not answer for ${CLOSE_SECONDS} s while the app was closed; ` +
        "what was under way to it may be lost",
    );
  }

  async #openBackend(): Promise<ResultBackend> {
    const settings = this.#settings;
    await loadSerializers(settings);
    return openBackend(settings, this.oid, () => this.broker());
  }
}

async function openBroker(settings: Settings): Promise<Broker> {
  const url = settings.broker;
  await loadSerializers(settings);
  switch (scheme(url)) {
    case "memory":
      return openMemoryBroker(url);
    case "sqlite": {
      const { openSqliteBroker } = await import("./brokers/sqlite/broker.ts");
      return openSqliteBroker(url, settings.leaseSeconds);
    }
    case "redis":
    case "rediss":
    case "redis+socket":
    case "sentinel": {
      const { openRedisBroker } = await import("./brokers/redis/broker.ts");
      const { leaseSeconds, brokerTransportOptions: transport } = settings;
      return openRedisBroker(url, { leaseSeconds, transport });
    }
    case "amqp":
    case "amqps":
    case "pyamqp": {
      const { openAmqpBroker } = await import("./brokers/amqp/broker.ts");
      return openAmqpBroker(url.replace(/^pyamqp/, "amqp"), settings.brokerTransportOptions);
    }
    default:
      throw unknownScheme("broker", url);
  }
}

async function openBackend(
  settings: Settings,
  oid: string,
  broker: () => Promise<Broker>,
): Promise<ResultBackend> {
  const url = settings.backend;
  if (url === null) throw new UnsupportedError("This app keeps no results: give it a `backend` URL");
  const codec = new MetaCodec(settings.resultSerializer, settings.acceptContent);
  switch (scheme(url)) {
    case "memory":
      return openMemoryBackend(url, codec, settings.resultExpires);
    case "sqlite": {
      const { openSqliteBackend } = await import("./backends/sqlite.ts");
      return openSqliteBackend(url, codec, settings.resultExpires);
    }
    case "redis":
    case "rediss":
    case "redis+socket":
    case "sentinel": {
      const { openRedisBackend } = await import("./backends/redis.ts");
      const { resultExpires, resultBackendTransportOptions: transport } = settings;
      return openRedisBackend(url, { codec, resultExpires, transport });
    }
    case "rpc": {
      const { RpcBackend } = await import("./backends/rpc.ts");
      return new RpcBackend(broker, oid, codec, settings.resultPersistent);
    }
    default:
      throw unknownScheme("backend", url);
  }
}

async function loadSerializers(settings: Settings): Promise<void> {
  const wanted = new Set([...settings.acceptContent, settings.taskSerializer, settings.resultSerializer]);
  for (const name of wanted) await loadSerializer(name);
}

function scheme(url: string): string {
  return url.slice(0, Math.max(0, url.indexOf(":")));
}

function withoutPassword(url: string): string {
  return url.replace(/:[^:@/]*@/g, ":***@");
}

function unknownScheme(what: string, url: string): UnsupportedError {
  return new UnsupportedError(
    `The ${what} URL ${JSON.stringify(withoutPassword(url))} is of no known kind: memory://, ` +
      "sqlite://FILE, redis://HOST/DB, amqp://HOST/VHOST" +
      (what === "backend" ? ", rpc://" : ""),
  );
}
