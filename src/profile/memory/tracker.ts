import { Session } from "node:inspector";
import { basename } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";
import { assembleMemory } from "./assemble.ts";
import { WatchHelper, type WatchReport } from "./helper.ts";
import { ModuleScripts } from "./module-scripts.ts";
import { type OffHeapTracker, trackOffHeap } from "./off-heap.ts";
import { type MemoryProfile, writeMemoryProfile } from "./profile-file.ts";
import type { Collecting } from "./raw.ts";
import { type MemoryOptions, RUN_INTERVAL, checkedOptions } from "./run.ts";
import { type PlainSession, runAtOnce } from "./script.ts";
import { checkpoint, newestScript, startSampling, stopSampling } from "./scripts.ts";

export interface TrackerOptions extends MemoryOptions {
  /** Where the profile is written when the tracker stops; `.gz` compresses. */
  readonly file?: string;
  /** Watch for peaks from a helper thread (default true). It works from the main thread only. */
  readonly peaks?: boolean;
  /** Look for peaks every 5 ms and in small heaps too, instead of every 50 ms from 8 MB on. */
  readonly closely?: boolean;
}

/**
 * Records what this thread allocates while it exists. Python: `memray.Tracker`.
 *
 *     {
 *       using tracker = new Tracker({ file: "import.mem.json" });
 *       await importEverything();
 *     }
 *
 * V8 has one such recording per thread: a second one throws StateError. Costs a few percent of the time of most
 * programs. Stopping makes V8 collect garbage, so that only what is reachable counts as alive.
 */
export class Tracker {
  readonly #options: Collecting;
  readonly #file: string | undefined;
  readonly #session: Session = new Session();
  readonly #modules: ModuleScripts;
  readonly #startedAt: number = Date.now();
  readonly #helper: WatchHelper | undefined;
  readonly #offHeap: OffHeapTracker | undefined;
  #profile: MemoryProfile | undefined;

  constructor(options: TrackerOptions | string = {}) {
    const given = typeof options === "string" ? { file: options } : options;
    this.#options = checkedOptions(given, RUN_INTERVAL);
    this.#file = given.file;
    this.#session.connect();
    this.#start();
    this.#modules = new ModuleScripts(() => runAtOnce(newestScript(), this.#session as PlainSession));
    if (this.#options.offHeap) this.#offHeap = trackOffHeap(this.#options.interval, this.#options.total);
    if (given.peaks !== false)
      this.#helper = WatchHelper.start(this.#options, { closely: given.closely ?? false });
  }

  /** A tracker whose helper is at its post already, so that no early peak is missed. */
  static async ready(options: TrackerOptions = {}): Promise<Tracker> {
    const tracker = new Tracker(options);
    await tracker.#helper?.ready();
    return tracker;
  }

  /** What is known now; the tracker goes on. */
  snapshot(): MemoryProfile {
    return this.#profile ?? this.#take({ checkpoints: [], timeline: [] });
  }

  /** Ends the recording and gives it; again and again the same one. */
  stop(): MemoryProfile {
    if (this.#profile !== undefined) return this.#profile;
    const seen = this.#helper?.stop() ?? { checkpoints: [], timeline: [] };
    this.#profile = this.#take(seen);
    this.#modules.stop();
    this.#offHeap?.uninstall();
    runAtOnce(stopSampling(), this.#session as PlainSession);
    this.#session.disconnect();
    if (this.#file !== undefined) writeMemoryProfile(this.#file, this.#profile);
    return this.#profile;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #start(): void {
    try {
      runAtOnce(startSampling(this.#options), this.#session as PlainSession);
    } catch (error) {
      this.#session.disconnect();
      throw error;
    }
  }

  #take(seen: WatchReport): MemoryProfile {
    const end = runAtOnce(checkpoint("end", this.#options), this.#session as PlainSession);
    const script = basename(process.argv[1] ?? process.title);
    const thread = {
      pid: process.pid,
      process: script,
      thread: threadId,
      name: isMainThread ? "main" : `worker ${threadId}`,
      nodeVersion: process.version,
      startedAt: this.#startedAt,
      modules: this.#modules.files,
      checkpoints: [...seen.checkpoints, end],
      timeline: seen.timeline,
    };
    return assembleMemory([thread], { ...this.#options, command: `tracked in ${script}` });
  }
}
