import { Worker } from "node:worker_threads";
import type { WorkerEnd } from "../core/index.ts";
import { entryUrl } from "./entry-url.ts";
import { threadExecArgv } from "./exec-argv.ts";
import { Inbox } from "./inbox.ts";
import { Outbox, TASKS_TOGETHER } from "./outbox.ts";
import { postBatch } from "./large-arrays.ts";
import type { Peer, PeerExit, PeerHandlers, PeerOptions } from "./peer.ts";
import type { Channel } from "./protocol.ts";
import { RingPair, type RingPairState } from "./ring.ts";
import { stopThread } from "./stop-thread.ts";
import { type StartCount, newStartCount } from "./start-count.ts";

export interface ThreadData {
  readonly starts: StartCount;
  readonly rings: RingPairState;
}

export class ThreadPeer implements Peer {
  readonly kind = "thread";
  readonly name: string;
  readonly channel: Channel;
  readonly starts: StartCount = newStartCount();
  readonly #worker: Worker;
  #error: unknown;

  constructor(options: PeerOptions, handlers: PeerHandlers) {
    this.name = options.name;
    const execArgv = options.execArgv ?? threadExecArgv();
    const rings = new RingPair("thread");
    const workerData: ThreadData = { starts: this.starts, rings: rings.ship("thread") };
    this.#worker = new Worker(entryUrl("thread"), {
      name: options.name,
      workerData,
      ...(options.resourceLimits && { resourceLimits: options.resourceLimits }),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(options.env && { env: options.env }),
    });
    const worker = this.#worker;
    const outbox = new Outbox(
      (batch, transfer) => postBatch(worker, batch, transfer),
      handlers.unsendable,
      TASKS_TOGETHER,
    );
    outbox.attach(rings.writer);
    this.channel = outbox;
    const inbox = new Inbox({ receive: handlers.receive, after: NOTHING });
    inbox.attach(rings.reader);
    worker.on("message", (batch: unknown[]) => inbox.message(batch));
    worker.on("messageerror", (error) => this.#fail(error));
    worker.on("error", (error) => (this.#error = error));
    worker.on("exit", (code) => {
      inbox.close();
      handlers.exit(describeExit(code, this.#error));
    });
    worker.unref();
  }

  get ident(): number {
    return this.#worker.threadId;
  }

  terminate(): void {
    stopThread(this.#worker);
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

function NOTHING(): void {}
