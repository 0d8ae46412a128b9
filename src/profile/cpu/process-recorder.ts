import type { SourceMapPayload } from "node:module";
import { attach, type AttachOptions } from "../attach/attach.ts";
import type { InspectorSession } from "../attach/session.ts";
import { sameNamespace } from "../attach/proc.ts";
import { evaluate } from "../attach/protocol.ts";
import type { ThreadRef } from "../model/sample.ts";
import { FINAL_COMMANDS, ThreadRecorder, type ThreadRecording } from "./thread-recorder.ts";

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
  readonly #root: string;
  readonly #recorders: ThreadRecorder[] = [];
  readonly #starting: Promise<void>[] = [];

  private constructor(session: InspectorSession, interval: number) {
    this.session = session;
    this.#interval = interval;
    this.#root = sameNamespace(session.pid, "mnt") === false ? `/proc/${session.pid}/root` : "";
  }

  static async attach(pid: number, interval: number, options: AttachOptions): Promise<ProcessRecorder> {
    return ProcessRecorder.start(await attach(pid, options), interval);
  }

  /** Takes over a session that is attached already. */
  static async start(session: InspectorSession, interval: number): Promise<ProcessRecorder> {
    const recorder = new ProcessRecorder(session, interval);
    try {
      await recorder.#startAll();
    } catch (error) {
      await session.close();
      throw error;
    }
    return recorder;
  }

  /** Ends the recording, lets the process go, and gives what each thread did. */
  async stop(): Promise<ProcessRecording> {
    await Promise.all(this.#starting);
    const stopped = await Promise.all(this.#recorders.map((recorder) => recorder.stop()));
    const threads = stopped.filter((recording) => recording !== undefined);
    const sourceMaps = await transpiledMaps(this.session, threads).catch(() => []);
    await this.session.close();
    return { threads, root: this.#root, sourceMaps };
  }

  async #startAll(): Promise<void> {
    const { session } = this;
    const main = new ThreadRecorder(session, this.#threadRef(0, "main"));
    this.#recorders.push(main);
    await main.start(this.#interval);
    session.atExit(FINAL_COMMANDS);
    await session.workers((worker) => {
      const recorder = new ThreadRecorder(worker, this.#threadRef(worker.thread, worker.name));
      this.#recorders.push(recorder);
      // A worker that ends before its recording began leaves nothing to report.
      this.#starting.push(recorder.start(this.#interval).catch(() => undefined));
    });
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
