import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { RedisHolding } from "../redis/holding.ts";
import type { SqliteHolding } from "../sqlite/holding.ts";

/** Whose leases, and where: plain data, enough for another thread to renew them on a connection of its own. */
export type Holding = RedisHolding | SqliteHolding;

/** For consumers whose deliveries are worked on in this very thread. */
export interface Blocking {
  /** How long the event loop may be blocked before its leases are given up. */
  readonly seconds: number;
  /** The leases cannot be renewed while the event loop is blocked; says why. */
  readonly onUnable: (error: Error) => void;
}

export interface KeeperData {
  readonly holding: Holding;
  readonly leaseSeconds: number;
  readonly blockedSeconds: number;
  /** One word that changes as long as the consumer's event loop turns. */
  readonly beats: Int32Array<SharedArrayBuffer>;
}

/** Name of the thread, as the system shows it. */
const THREAD_NAME = "spool-leases";

/**
 * Renews a consumer's leases while a task blocks the event loop that would do it. A small thread watches the loop's
 * beats as long as something is held; only when they stop does it open a connection, and only until they go on or
 * `blockedSeconds` have passed: a loop that hangs for ever must not keep its messages for ever. It dies with the
 * process, so that a killed worker's leases end as they should.
 */
export class Keeper {
  readonly #holding: Holding;
  readonly #leaseSeconds: number;
  readonly #blocking: Blocking;
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  #ending: Promise<unknown> | undefined;
  #idle = false;
  #unable = false;

  constructor(holding: Holding, leaseSeconds: number, blocking: Blocking) {
    this.#holding = holding;
    this.#leaseSeconds = leaseSeconds;
    this.#blocking = blocking;
  }

  /** Something was taken, so there is something to keep. To be called before anyone works on it. */
  watch(): void {
    this.#idle = false;
    if (this.#thread === undefined && !this.#unable) this.#start();
  }

  /** The event loop turns. To be called with each renewal, three to a lease; without anything held the thread rests. */
  beat(held: number): void {
    Atomics.add(this.#beats, 0, 1);
    if (held === 0 && this.#idle) void this.#end();
    this.#idle = held === 0;
  }

  /** Resolves when the thread is gone. */
  async close(): Promise<void> {
    this.#unable = true;
    await this.#end();
  }

  #start(): void {
    const workerData: KeeperData = {
      holding: this.#holding,
      leaseSeconds: this.#leaseSeconds,
      blockedSeconds: this.#blocking.seconds,
      beats: this.#beats,
    };
    try {
      // The entry has the extension that this file has: .ts from source, .js when built.
      const thread = new Worker(new URL(`./thread${extname(import.meta.url)}`, import.meta.url), {
        workerData,
        name: THREAD_NAME,
        execArgv: [],
        stdout: true,
        stderr: true,
      });
      thread.on("error", (error: Error) => this.#fail(error));
      thread.unref();
      this.#thread = thread;
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Options of TLS may hold functions, which cannot be copied; a bundled program may lack the thread's file. */
  #fail(error: Error): void {
    if (this.#unable) return;
    this.#unable = true;
    this.#blocking.onUnable(error);
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread !== undefined) this.#ending = thread.terminate();
    await this.#ending;
  }
}
