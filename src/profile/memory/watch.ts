import type { Collecting, RawCheckpoint, RawPoint, V8AllocationNode } from "./raw.ts";
import { type Commands, runOver } from "./script.ts";
import { checkpoint, heapUsage } from "./scripts.ts";

/** A new high-water mark is one this much above the last; each costs a garbage collection in the target. */
const PEAK_FACTOR = 1.08;
/** Checkpoints are taken at 1, 2, 4, 8, ... seconds: enough to see what grows, few enough for any length of run. */
const FIRST_PERIODIC_MS = 1000;
const MOST_POINTS = 2000;

/** Watches the memory of one thread through its inspector: sizes over time, and who holds what at the peaks. */
export class MemoryWatch {
  readonly #thread: Commands;
  readonly #options: Collecting;
  readonly #rss: () => number;
  readonly #startedAt: number = Date.now();
  readonly #periodic: RawCheckpoint[] = [];
  #timeline: RawPoint[] = [];
  #keepEvery = 1;
  #polls = 0;
  #highest: number;
  #nextPeriodic: number = FIRST_PERIODIC_MS;
  #peak: RawCheckpoint | undefined;

  /** `rss` gives the resident size of the thread's process; no peak is sought below `floor` bytes. */
  constructor(thread: Commands, options: Collecting, rss: () => number, floor: number) {
    this.#highest = floor;
    this.#thread = thread;
    this.#options = options;
    this.#rss = rss;
  }

  get checkpoints(): RawCheckpoint[] {
    const found = [...this.#periodic, ...(this.#peak === undefined ? [] : [this.#peak])];
    return found.sort((a, b) => a.at - b.at);
  }

  get timeline(): readonly RawPoint[] {
    return this.#timeline;
  }

  /** Looks once; true when a checkpoint was due and taken. */
  async poll(): Promise<boolean> {
    const usage = await runOver(heapUsage(), this.#thread);
    this.#note({ at: Date.now(), ...usage, rss: this.#rss() });
    const used = usage.heapUsed + usage.offHeap;
    if (!this.#options.total && used > this.#highest * PEAK_FACTOR) {
      this.#highest = used;
      await this.#takePeak();
      return true;
    }
    if (Date.now() - this.#startedAt < this.#nextPeriodic) return false;
    this.#nextPeriodic *= 2;
    this.#periodic.push(await runOver(checkpoint("periodic", this.#options), this.#thread));
    return true;
  }

  async #takePeak(): Promise<void> {
    const found = await runOver(checkpoint("peak", this.#options), this.#thread);
    if (this.#peak === undefined || bytesIn(found) > bytesIn(this.#peak)) this.#peak = found;
  }

  /** Long runs keep fewer points: every second one goes when there are too many. */
  #note(point: RawPoint): void {
    if (this.#polls++ % this.#keepEvery === 0) this.#timeline.push(point);
    if (this.#timeline.length < MOST_POINTS) return;
    this.#timeline = this.#timeline.filter((_, i) => i % 2 === 0);
    this.#keepEvery *= 2;
  }
}

function bytesIn(found: RawCheckpoint): number {
  let bytes = found.offHeap.reduce((sum, group) => sum + group.bytes, 0);
  const add = (node: V8AllocationNode): void => {
    bytes += node.selfSize;
    for (const child of node.children) add(child);
  };
  add(found.head);
  return bytes;
}
