import { once } from "node:events";
import { extname } from "node:path";
import { MessageChannel, Worker, isMainThread, receiveMessageOnPort } from "node:worker_threads";
import type { Collecting, RawCheckpoint, RawPoint } from "./raw.ts";

export interface WatcherData {
  readonly options: Collecting;
  /** Kept up to date with what was seen. */
  readonly file: string | undefined;
  /** Milliseconds between two looks. */
  readonly every: number;
  /** Heap size in bytes below which no peak is sought. */
  readonly floor: number;
  /** Becomes 1 when the helper has let go. */
  readonly finished: Int32Array;
}

export interface HelperOptions {
  readonly file?: string;
  /** Look often and at small heaps too: for tests. */
  readonly closely?: boolean;
}

export interface WatchReport {
  readonly checkpoints: readonly RawCheckpoint[];
  readonly timeline: readonly RawPoint[];
}

/** A helper that is busy with a checkpoint of a large heap gets this long to finish, milliseconds. */
const PATIENCE_MS = 3000;
const LOOK_MS = 50;
const CLOSE_LOOK_MS = 5;
/** Below this a program is only starting up. */
const SMALLEST_PEAK = 8 * 1024 * 1024;
const HELPER_NAME = "spool-memory";
const NOTHING: WatchReport = { checkpoints: [], timeline: [] };

/** Watches this process's main thread from a thread of its own. Works from the main thread only. */
export class WatchHelper {
  readonly #worker: Worker;
  readonly #finished: Int32Array = new Int32Array(new SharedArrayBuffer(4));

  private constructor(options: Collecting, { file, closely = false }: HelperOptions) {
    // The entry has the extension that this file has: .ts from source, .js when built.
    this.#worker = new Worker(new URL(`./watcher${extname(import.meta.url)}`, import.meta.url), {
      workerData: {
        options,
        file,
        finished: this.#finished,
        every: closely ? CLOSE_LOOK_MS : LOOK_MS,
        floor: closely ? 0 : SMALLEST_PEAK,
      } satisfies WatcherData,
      name: HELPER_NAME,
      execArgv: [],
      env: {},
      stdout: true,
      stderr: true,
    });
    this.#worker.on("error", () => {});
    this.#worker.unref();
  }

  /** Undefined in a worker thread, whose memory only itself can look at. */
  static start(options: Collecting, how: HelperOptions = {}): WatchHelper | undefined {
    return isMainThread ? new WatchHelper(options, how) : undefined;
  }

  /** Resolves when the helper has looked for the first time. */
  async ready(): Promise<void> {
    await once(this.#worker, "message");
  }

  /** Ends the watching and gives what was seen. Waits, also while the process exits; the helper's thread ends soon after. */
  stop(): WatchReport {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage(port2, [port2]);
    const waited = Atomics.wait(this.#finished, 0, 0, PATIENCE_MS);
    const report = waited === "timed-out" ? undefined : receiveMessageOnPort(port1);
    port1.close();
    return (report?.message as WatchReport | undefined) ?? NOTHING;
  }
}
