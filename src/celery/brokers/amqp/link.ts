import type { Socket } from "node:net";
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from "amqplib";
import { OperationalError, UnsupportedError, clock } from "../../../core/index.ts";
import { gatherWrites } from "./gather-writes.ts";

/** The only file that knows the client library. */
export type AmqpChannel = Channel;
export type AmqpConfirmChannel = ConfirmChannel;
export type AmqpMessage = ConsumeMessage;

/** Seconds to try before the first connection is given up; later losses are repaired for as long as it takes. */
const FIRST_CONNECT_SECONDS = 4;
/** Seconds for a connection to be accepted and opened: a server that hangs takes it and says nothing. */
const HANDSHAKE_SECONDS = 10;
const PAUSE_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2];
/** Celery's own on the consuming connection; a dead peer is noticed after two missed beats. */
const HEARTBEAT_SECONDS = 60;

/** One connection to RabbitMQ that is rebuilt when lost. */
export class AmqpLink {
  readonly shown: string;
  readonly #url: string;
  readonly #tls: object;
  readonly #lost = new Set<() => void>();
  #connection: Promise<ChannelModel> | undefined;
  #everConnected = false;
  #closed = false;

  constructor(url: string, tls: object) {
    this.#url = url;
    this.#tls = tls;
    this.shown = url.replace(/:[^:@/]*@/, ":***@");
  }

  get closed(): boolean {
    return this.#closed;
  }

  async channel(): Promise<AmqpChannel> {
    return this.#watched(await (await this.#connected()).createChannel());
  }

  async confirmChannel(): Promise<AmqpConfirmChannel> {
    return this.#watched(await (await this.#connected()).createConfirmChannel());
  }

  /** For declarations: when the server refuses one it closes the channel, which must be no other's. */
  async onChannel<T>(work: (channel: AmqpChannel) => Promise<T>): Promise<T> {
    const channel = await this.channel();
    try {
      return await work(channel);
    } finally {
      await channel.close().catch(() => {});
    }
  }

  /** Calls `fn` each time the connection was lost; gives the way to stop that. */
  onLost(fn: () => void): () => void {
    this.#lost.add(fn);
    return () => this.#lost.delete(fn);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lost.clear();
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close().catch(() => {});
  }

  /** Ends the connection without a word, for when the server does not answer. */
  destroy(): void {
    this.#closed = true;
    this.#lost.clear();
    this.#connection
      ?.then((model) => socketOf(model).destroy(new OperationalError(`${this.shown} was left`)))
      .catch(() => {});
  }

  /** A channel's errors are reported by the calls that fail; without a listener they would end the program. */
  #watched<C extends Channel>(channel: C): C {
    channel.on("error", () => {});
    return channel;
  }

  #connected(): Promise<ChannelModel> {
    if (this.#closed)
      return Promise.reject(new OperationalError(`The connection to ${this.shown} is closed`));
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #connect(): Promise<ChannelModel> {
    const { connect } = await import("amqplib").catch((cause: unknown) => {
      throw new UnsupportedError("amqp:// needs the package amqplib: run `npm install amqplib`", { cause });
    });
    const until = this.#everConnected ? Infinity : clock().now() + FIRST_CONNECT_SECONDS;
    for (let attempt = 0; ; attempt++) {
      try {
        const connection = await connect(options(this.#url), {
          noDelay: true,
          timeout: HANDSHAKE_SECONDS * 1000,
          ...this.#tls,
        });
        this.#everConnected = true;
        connection.on("error", () => {});
        connection.once("close", () => this.#onClose());
        gatherWrites(socketOf(connection));
        return connection;
      } catch (cause) {
        if (this.#closed || clock().now() > until || refused(cause)) throw this.#unreachable(cause);
        await pause(PAUSE_SECONDS[Math.min(attempt, PAUSE_SECONDS.length - 1)]!);
      }
    }
  }

  #onClose(): void {
    this.#connection = undefined;
    if (!this.#closed) for (const fn of this.#lost) fn();
  }

  #unreachable(cause: unknown): OperationalError {
    return new OperationalError(
      `RabbitMQ at ${this.shown} cannot be reached: ${(cause as Error).message}; is it running?`,
      { cause },
    );
  }
}

/** For what the library does not do: end a connection without the server's consent, gather what is written. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { stream: Socket }).stream;
}

/**
 * Publishes; false when the socket is full. With `onConfirmed`, which needs a channel that confirms, it says when the
 * server has the message, or gives the error. The library's own `publish` does the same after it has put the headers
 * behind a prototype, and to read them through it takes half of the time that sending a message does.
 */
export function publishOn(
  channel: AmqpChannel,
  fields: Readonly<Record<string, unknown>>,
  body: Buffer,
  onConfirmed?: (error: unknown) => void,
): boolean {
  const raw = channel as unknown as RawChannel;
  const roomLeft = raw.sendMessage(fields, fields, body);
  if (onConfirmed !== undefined) raw.pushConfirmCallback(onConfirmed);
  return roomLeft;
}

/** What lies under the library's channels; `sendMessage` takes a method's fields and a message's properties. */
interface RawChannel {
  sendMessage(fields: object, properties: object, body: Buffer): boolean;
  pushConfirmCallback(callback: (error: unknown) => void): void;
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => clock().after(seconds, resolve));
}

/** Wrong credentials or virtual host: trying again does not help. */
function refused(error: unknown): boolean {
  return /ACCESS.REFUSED|NOT.ALLOWED|403|530/i.test(String(error));
}

function options(url: string): object {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const secure = protocol === "amqps:";
  const vhost = decodeURIComponent(pathname.replace(/^\//, ""));
  return {
    protocol: secure ? "amqps" : "amqp",
    hostname: hostname || "127.0.0.1",
    port: Number(port) || (secure ? 5671 : 5672),
    username: decodeURIComponent(username || "guest"),
    password: decodeURIComponent(password || "guest"),
    vhost: vhost === "" ? "/" : vhost,
    heartbeat: HEARTBEAT_SECONDS,
  };
}
