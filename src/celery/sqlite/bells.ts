import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What happened: a task message, a result, a broadcast. One letter on the wire. */
export type BellKind = "q" | "r" | "b";

/** The part of the file that bells need. */
interface Ledger {
  write<T>(work: () => T): Promise<T>;
  run(sql: string, ...values: (string | number)[]): number;
  all(sql: string, ...values: (string | number)[]): Record<string, unknown>[];
  dataVersion(): number;
}

/** Only for what a bell missed (a process that could not be reached), so it may be slow and costs next to nothing. */
const POLL_MS = 500;

/**
 * Wakes other processes that wait for news in the same file: each that listens has a unix socket, listed in the file;
 * a writer sends one letter to each after its commit. Listeners in this process are called directly.
 */
export class Bells {
  readonly #ledger: Ledger;
  readonly #listeners = new Map<BellKind, Set<() => void>>();
  readonly #sockets = new Map<string, Socket>();
  readonly #accepted = new Set<Socket>();
  readonly #due = new Set<BellKind>();
  #server: Server | undefined;
  #address = "";
  #opening: Promise<void> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #version = 0;
  #closed = false;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Calls `fn` in a later turn after each change of that kind, by whichever process. */
  async listen(kind: BellKind, fn: () => void): Promise<() => void> {
    const set = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, set.add(fn));
    await (this.#opening ??= this.#open());
    return () => set.delete(fn);
  }

  ring(kind: BellKind): void {
    this.#wake(kind);
    const others = this.#ledger.all("SELECT address FROM bells WHERE address <> ?", this.#address);
    for (const { address } of others) this.#send(String(address), kind);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    await this.#opening;
    if (this.#address !== "")
      await this.#ledger.write(() => this.#ledger.run("DELETE FROM bells WHERE address = ?", this.#address));
    for (const socket of [...this.#sockets.values(), ...this.#accepted]) socket.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
    if (process.platform !== "win32" && this.#address !== "") rmSync(this.#address, { force: true });
  }

  async #open(): Promise<void> {
    const name = `spool-bell-${process.pid}-${randomUUID().slice(0, 8)}`;
    this.#address = process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#address, resolve);
    });
    server.unref();
    await this.#ledger.write(() =>
      this.#ledger.run("INSERT OR REPLACE INTO bells VALUES (?, ?)", this.#address, Date.now()),
    );
    this.#version = this.#ledger.dataVersion();
    this.#poll = setInterval(() => this.#look(), POLL_MS);
    this.#poll.unref();
  }

  #accept(socket: Socket): void {
    this.#accepted.add(socket);
    socket.unref();
    socket.on("error", () => {});
    socket.on("close", () => this.#accepted.delete(socket));
    socket.on("data", (letters) => {
      for (const kind of new Set(letters.toString("latin1"))) this.#wake(kind as BellKind);
    });
  }

  #look(): void {
    const version = this.#ledger.dataVersion();
    if (version === this.#version) return;
    this.#version = version;
    for (const kind of this.#listeners.keys()) this.#wake(kind);
  }

  #wake(kind: BellKind): void {
    if (this.#closed || (this.#listeners.get(kind)?.size ?? 0) === 0 || this.#due.has(kind)) return;
    this.#due.add(kind);
    setImmediate(() => {
      this.#due.delete(kind);
      if (!this.#closed) for (const fn of this.#listeners.get(kind) ?? []) fn();
    });
  }

  #send(address: string, kind: BellKind): void {
    let socket = this.#sockets.get(address);
    if (socket === undefined) {
      socket = connect(address);
      socket.unref();
      this.#sockets.set(address, socket);
      socket.on("error", () => this.#forget(address));
      socket.on("close", () => this.#sockets.delete(address));
    }
    socket.write(kind);
  }

  /** Nobody answers there any more: its process is dead. */
  #forget(address: string): void {
    this.#sockets.delete(address);
    if (this.#closed) return;
    this.#ledger
      .write(() => this.#ledger.run("DELETE FROM bells WHERE address = ?", address))
      .catch(() => {});
    if (process.platform !== "win32") rmSync(address, { force: true });
  }
}
