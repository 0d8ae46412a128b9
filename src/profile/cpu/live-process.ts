import type { CdpSession, InspectorSession } from "../attach/session.ts";
import { sameNamespace } from "../attach/proc.ts";
import type { ThreadRef } from "../model/sample.ts";
import type { ProcessRecording } from "./process-recorder.ts";
import { RotatingSampler } from "./rotating-sampler.ts";
import type { ThreadRecording } from "./thread-recorder.ts";

/** A process that is sampled without end: its main thread, its workers, and workers that start meanwhile. */
export class LiveProcess {
  readonly session: InspectorSession;
  readonly #interval: number;
  readonly #samplers = new Set<RotatingSampler>();

  private constructor(session: InspectorSession, interval: number) {
    this.session = session;
    this.#interval = interval;
  }

  static async start(session: InspectorSession, interval: number): Promise<LiveProcess> {
    const live = new LiveProcess(session, interval);
    try {
      await live.#add(session, 0, "main");
      await session.workers((worker) => {
        // A worker's sampler runs on when the main thread's session ends.
        worker.atDetach([{ method: "Profiler.disable" }]);
        // A worker that ends as it is being entered has nothing to show.
        live.#add(worker, worker.thread, worker.name, worker.ended).catch(() => undefined);
      });
      return live;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** What every thread did since the last call; a thread that ended meanwhile is left out from now on. */
  async take(): Promise<ProcessRecording> {
    const taken = await Promise.all([...this.#samplers].map((sampler) => this.#takeFrom(sampler)));
    const threads = taken.filter((recording) => recording !== undefined);
    const { pid } = this.session;
    return { threads, root: sameNamespace(pid, "mnt") === false ? `/proc/${pid}/root` : "", sourceMaps: [] };
  }

  /** Milliseconds for which the last `take` kept a thread from its work, at most. */
  get pause(): number {
    return Math.max(0, ...[...this.#samplers].map((sampler) => sampler.pause));
  }

  /** Bytes of JavaScript heap in use by the main thread. */
  async heapUsed(): Promise<number> {
    return (await this.session.send<{ usedSize: number }>("Runtime.getHeapUsage")).usedSize;
  }

  async #takeFrom(sampler: RotatingSampler): Promise<ThreadRecording | undefined> {
    try {
      return await sampler.take();
    } catch {
      this.#samplers.delete(sampler);
      return undefined;
    }
  }

  async #add(session: CdpSession, thread: number, name: string, ended?: Promise<void>): Promise<void> {
    const ref: ThreadRef = { pid: this.session.pid, process: this.session.title, thread, name };
    const sampler = new RotatingSampler(session, ref);
    await sampler.start(this.#interval);
    this.#samplers.add(sampler);
    void ended?.then(() => this.#samplers.delete(sampler));
  }
}
