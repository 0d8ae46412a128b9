import { Worker } from "node:worker_threads";
import { decodeError, type WireError } from "../closures/index.ts";
import { entryUrl } from "./entry-url.ts";
import { threadExecArgv } from "./exec-argv.ts";
import { heirlooms } from "./heirlooms.ts";
import { stopThread } from "./stop-thread.ts";
import type { Lone, LoneEnd, LoneMessage, LoneStart } from "./lone.ts";

export interface LoneThread extends Lone {
  /** The system's number for the thread, once it runs; null before. */
  readonly nativeId: number | null;
}

export interface LoneThreadData {
  readonly start: LoneMessage;
  /** One word: the system's number for the thread. */
  readonly native: Int32Array<SharedArrayBuffer>;
}

/** Starts a thread for one function. */
export function startLoneThread(start: LoneStart): LoneThread {
  const native = new Int32Array(new SharedArrayBuffer(4));
  const workerData: LoneThreadData = { start: { ...start, heirlooms: heirlooms() }, native };
  const worker = new Worker(entryUrl("lone-thread"), {
    name: start.info.name,
    workerData,
    execArgv: threadExecArgv(),
  });
  const ident = worker.threadId;
  const { promise, resolve } = Promise.withResolvers<LoneEnd>();
  let end: LoneEnd | null = null;
  let failure: LoneEnd["failure"] | Promise<LoneEnd["failure"]> = null;
  worker.on("message", (wire: WireError) => {
    failure = Promise.resolve(decodeError(wire)).then((error) => ({ error }));
  });
  worker.on("error", (error: unknown) => (failure ??= { error }));
  worker.on("exit", async (exitCode: number) => {
    const error = await failure;
    end = { exitCode: error === null ? exitCode : 1, failure: error };
    resolve(end);
  });
  return {
    ident,
    ended: promise,
    get end() {
      return end;
    },
    get nativeId() {
      return Atomics.load(native, 0) || null;
    },
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    kill: () => stopThread(worker),
  };
}
