import type { SourceMapPayload } from "node:module";
import { attach, type AttachOptions } from "../attach/attach.ts";
import type { CdpSession, InspectorSession, WorkerSession } from "../attach/session.ts";
import { type ExitHook, onExit } from "../attach/exit-hook.ts";
import { sameNamespace } from "../attach/proc.ts";
import { evaluate } from "../attach/protocol.ts";
import type { ThreadRef } from "../model/sample.ts";
import { ThreadRecorder, type ThreadRecording } from "./thread-recorder.ts";

/** What was recorded of one process, with what is needed to read it once the process has gone. */
export interface ProcessRecording {
  readonly threads: readonly ThreadRecording[];
  /** Its file system as we see it: `""`, or `/proc/PID/root` when it has one of its own. */
  readonly root: string;
  /** Maps of code that a loader transpiled in its memory. */
  readonly sourceMaps: readonly { readonly url: string; readonly payload: SourceMapPayload }[];
}

/** Records every thread of one process: the main thread, its workers, and workers that start meanwhile. */
export class ProcessRecorder {
  readonly session: InspectorSession;
  readonly #interval: number;
  readonly #recompile: boolean;
  readonly #root: string;
  readonly #recorders: ThreadRecorder[] = [];
  readonly #starting: Promise<void>[] = [];
  readonly #hooks: ExitHook[] = [];
  #collected: Promise<ProcessRecording> | undefined;
  #stopped: Promise<ProcessRecording> | undefined;

  private constructor(session: InspectorSession, interval: number, recompile: boolean) {
    this.session = session;
    this.#interval = interval;
    this.#recompile = recompile;
    this.#root = sameNamespace(session.pid, "mnt") === false ? `/proc/${session.pid}/root` : "";
  }

  static async attach(pid: number, interval: number, options: AttachOptions): Promise<ProcessRecorder> {
    return ProcessRecorder.start(await attach(pid, options), interval);
  }

  /** Takes over a session that is attached already. `recompile`: see {@link ThreadRecorder}. */
  static async start(
    session: InspectorSession,
    interval: number,
    recompile: boolean = false,
  ): Promise<ProcessRecorder> {
    const recorder = new ProcessRecorder(session, interval, recompile);
    try {
      await recorder.#startAll();
    } catch (error) {
      await session.close();
      throw error;
    }
    return recorder;
  }

  /** Ends the recording, lets the process go, and gives what each thread did. Idempotent. */
  stop(): Promise<ProcessRecording> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<ProcessRecording> {
    const recording = await this.#collect();
    await Promise.all(this.#hooks.map((hook) => hook.remove()));
    await this.session.close();
    return recording;
  }

  /** Takes what every thread has; also what an ending main thread waits for, since its workers end with it. */
  #collect(): Promise<ProcessRecording> {
    this.#collected ??= (async () => {
      await Promise.all(this.#starting);
      const stopped = await Promise.all(this.#recorders.map((recorder) => recorder.stop()));
      const threads = stopped.filter((recording) => recording !== undefined);
      const sourceMaps = await transpiledMaps(this.session, threads).catch(() => []);
      return { threads, root: this.#root, sourceMaps };
    })();
    return this.#collected;
  }

  async #startAll(): Promise<void> {
    const { session } = this;
    await this.#startThread(session, this.#threadRef(0, "main"), () => this.#collect());
    await session.workers((worker) => {
      const thread = this.#threadRef(worker.thread, worker.name);
      // A worker that ends before its recording began leaves nothing to report.
      this.#starting.push(this.#startWorker(worker, thread).catch(() => undefined));
    });
  }

  async #startWorker(worker: WorkerSession, thread: ThreadRef): Promise<void> {
    const hook = await this.#startThread(worker, thread);
    // A worker's sampler runs on when the main thread's session ends.
    worker.atDetach([...hook.removals, { method: "Profiler.disable" }]);
  }

  async #startThread(
    session: CdpSession,
    thread: ThreadRef,
    atExit?: () => Promise<unknown>,
  ): Promise<ExitHook> {
    const recorder = new ThreadRecorder(session, thread, this.#recompile);
    this.#recorders.push(recorder);
    await recorder.start(this.#interval);
    const hook = await onExit(session, atExit ?? (() => recorder.stop()));
    this.#hooks.push(hook);
    return hook;
  }

  #threadRef(thread: number, name: string): ThreadRef {
    return { pid: this.session.pid, process: this.session.title, thread, name };
  }
}

/** Loaders such as tsx register their source maps with Node; it knows those of every file it was told of. */
async function transpiledMaps(
  session: InspectorSession,
  threads: readonly ThreadRecording[],
): Promise<ProcessRecording["sourceMaps"]> {
  const urls = new Set<string>();
  for (const { profile } of threads) {
    for (const { callFrame } of profile.nodes) if (TYPESCRIPT.test(callFrame.url)) urls.add(callFrame.url);
  }
  if (urls.size === 0) return [];
  return evaluate(
    session,
    `((find, urls) => urls.flatMap((url) => {
      const map = find(url);
      return map === undefined ? [] : [{ url, payload: map.payload }];
    }))((process.getBuiltinModule ?? require)("node:module").findSourceMap, ${JSON.stringify([...urls])})`,
  );
}

const TYPESCRIPT = /\.[cm]?tsx?$/;
