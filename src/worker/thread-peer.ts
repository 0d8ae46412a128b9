import { Worker } from "node:worker_threads";
import type { WorkerEnd } from "../core/index.ts";
import { BatchChannel, unbatch } from "./batch-channel.ts";
import { entryUrl } from "./entry-url.ts";
import type { Peer, PeerExit, PeerHandlers, PeerOptions } from "./peer.ts";
import type { Channel } from "./protocol.ts";

export interface ThreadData {
  /** One 32-bit word: how many tasks the worker has started. Exact even when the thread dies. */
  readonly started: Int32Array<SharedArrayBuffer>;
}

export class ThreadPeer implements Peer {
  readonly kind = "thread";
  readonly name: string;
  readonly channel: Channel;
  readonly #worker: Worker;
  readonly #started = new Int32Array(new SharedArrayBuffer(4));
  #error: unknown;

  constructor(options: PeerOptions, handlers: PeerHandlers) {
    this.name = options.name;
    const workerData: ThreadData = { started: this.#started };
    this.#worker = new Worker(entryUrl("thread"), {
      name: options.name,
      workerData,
      ...(options.resourceLimits && { resourceLimits: options.resourceLimits }),
      ...(options.execArgv && { execArgv: [...options.execArgv] }),
      ...(options.env && { env: options.env }),
    });
    const worker = this.#worker;
    this.channel = new BatchChannel(
      (batch, transfer) => worker.postMessage(batch, transfer as ArrayBuffer[]),
      handlers.unsendable,
    );
    worker.on("message", (batch: unknown[]) => unbatch(batch, handlers.receive));
    worker.on("messageerror", (error) => this.#fail(error));
    worker.on("error", (error) => (this.#error = error));
    worker.on("exit", (code) => handlers.exit(describeExit(code, this.#error)));
    worker.unref();
  }

  get ident(): number {
    return this.#worker.threadId;
  }

  started(): number {
    return Atomics.load(this.#started, 0);
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  /** A message that cannot be decoded says not whose it was: the worker's tasks are lost as in a crash. */
  #fail(error: unknown): void {
    this.#error = error;
    this.terminate();
  }
}

function describeExit(exitCode: number, error: unknown): PeerExit {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const reason: WorkerEnd =
    code === "ERR_WORKER_OUT_OF_MEMORY" ? "out-of-memory" : error === undefined ? "exit" : "crash";
  return { reason, exitCode, signal: null, error };
}
