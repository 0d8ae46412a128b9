import { Fifo, abortReason, clock, onAbort } from "../core/index.ts";
import type { Chunk, Mapper } from "./chunk.ts";
import { ChunkSizer } from "./chunk-sizer.ts";
import type { MapOptions } from "./executor.ts";
import type { Future } from "./future.ts";
import type { Inputs } from "./inputs.ts";
import { ProgressReport } from "./progress.ts";

interface Slot {
  readonly size: number;
  readonly future: Future<Chunk>;
}

/**
 * Feeds inputs to a mapper in chunks and gives the chunks' results back, in order or as they come. At most `buffer`
 * inputs are ahead of the reader: taken, running, or done and not yet read.
 */
export class ChunkStream {
  readonly #mapper: Mapper;
  readonly #inputs: Inputs;
  readonly #sizer: ChunkSizer;
  readonly #ordered: boolean;
  readonly #progress: ProgressReport;
  readonly #order = new Fifo<Slot>();
  readonly #finished = new Fifo<Slot>();
  readonly #running = new Set<Slot>();
  #portion: unknown[] = [];
  #ahead = 0;
  #read = 0;
  #exhausted = false;
  #pulling = false;
  #inputError: { readonly error: unknown } | undefined;
  #aborted: { readonly error: unknown } | undefined;
  #changed: (() => void) | undefined;
  readonly #unlink: () => void;

  constructor(mapper: Mapper, inputs: Inputs, options: MapOptions) {
    this.#mapper = mapper;
    this.#inputs = inputs;
    this.#sizer = new ChunkSizer(mapper, options, inputs.total);
    this.#ordered = options.ordered ?? true;
    this.#progress = new ProgressReport(options, inputs.total, clock().now());
    const { signal } = options;
    this.#unlink = onAbort(signal, () => {
      this.#aborted = { error: abortReason(signal!) };
      this.#notify();
    });
  }

  /** The next chunk, or undefined after the last. Must not be called again before it has settled. */
  async next(): Promise<Chunk | undefined> {
    this.#ahead -= this.#read;
    this.#read = 0;
    for (;;) {
      if (this.#aborted !== undefined) throw this.#fail(this.#aborted.error);
      this.#fill();
      const slot = this.#ready();
      if (slot !== undefined) return this.#deliver(slot);
      if (this.#exhausted && this.#running.size === 0 && this.#order.size === 0) {
        if (this.#inputError !== undefined) throw this.#fail(this.#inputError.error);
        this.close();
        return undefined;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Cancels what runs or waits and closes the source. Idempotent. */
  close(): void {
    this.#unlink();
    this.#exhausted = true;
    this.#inputs.close();
    for (const slot of this.#running) slot.future.cancel();
    this.#running.clear();
    this.#order.clear();
    this.#finished.clear();
    this.#progress.end();
  }

  #fail(error: unknown): unknown {
    this.close();
    return error;
  }

  #ready(): Slot | undefined {
    if (!this.#ordered) return this.#finished.shift();
    return this.#order.peek()?.future.done() ? this.#order.shift() : undefined;
  }

  #deliver(slot: Slot): Chunk {
    const outcome = slot.future.outcome()!;
    if (!outcome.ok) throw this.#fail(outcome.error);
    this.#read = slot.size;
    if (outcome.value.failure !== undefined) this.close();
    return outcome.value;
  }

  #fill(): void {
    if (this.#inputs.kind === "async") {
      if (!this.#pulling && !this.#exhausted) void this.#pull();
      return;
    }
    while (!this.#exhausted && this.#hasRoom()) this.#start(this.#take(this.#sizer.next(this.#ahead)));
  }

  #take(size: number): unknown[] {
    try {
      const portion = this.#inputs.take(size);
      this.#exhausted = portion.length < size;
      return portion;
    } catch (error) {
      this.#exhausted = true;
      this.#inputError = { error };
      return [];
    }
  }

  /** Async inputs are bundled only while every worker has something to do, so that none waits for a slow source. */
  async #pull(): Promise<void> {
    this.#pulling = true;
    try {
      while (!this.#exhausted && this.#hasRoom()) {
        const step = await this.#inputs.next();
        if (step.done) this.#exhausted = true;
        else this.#portion.push(step.value);
        if (this.#hungry() || this.#portion.length >= this.#sizer.next(this.#ahead)) this.#flush();
      }
    } catch (error) {
      this.#exhausted = true;
      this.#inputError = { error };
    }
    this.#flush();
    this.#pulling = false;
    this.#notify();
  }

  #hungry(): boolean {
    return this.#running.size < this.#mapper.parallelism;
  }

  #flush(): void {
    const portion = this.#portion;
    this.#portion = [];
    this.#start(portion);
  }

  /** Two chunks a worker are enough to keep it busy; more would be cut before their right size is known. */
  #hasRoom(): boolean {
    if (this.#running.size >= 2 * this.#mapper.parallelism) return false;
    return this.#ahead === 0 || this.#ahead + this.#portion.length < this.#sizer.buffer;
  }

  #start(portion: unknown[]): void {
    if (portion.length === 0) return;
    this.#sizer.took(portion.length);
    const slot: Slot = { size: portion.length, future: this.#mapper.run(portion) };
    this.#ahead += slot.size;
    this.#running.add(slot);
    if (this.#ordered) this.#order.push(slot);
    slot.future.addDoneCallback((future) => this.#end(slot, future));
  }

  #end(slot: Slot, future: Future<Chunk>): void {
    if (!this.#running.delete(slot)) return;
    if (!this.#ordered) this.#finished.push(slot);
    const outcome = future.outcome()!;
    const chunk = outcome.ok ? outcome.value : undefined;
    if (chunk !== undefined) this.#sizer.measured(slot.size, chunk);
    this.#progress.add(chunk?.values.length ?? 0, chunk === undefined || chunk.failure !== undefined ? 1 : 0);
    if (this.#portion.length > 0) this.#flush();
    if (!this.#exhausted) this.#fill();
    this.#notify();
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = undefined;
    changed?.();
  }
}
