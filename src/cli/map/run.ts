import type { Executor, Future } from "../../futures/index.ts";
import type { FunctionFile } from "../function-file.ts";
import { type Invoked, remoteInvoke } from "./invoke.ts";
import { type MapRecord, failedRecord } from "./record.ts";

export interface MapJob {
  readonly work: Pick<FunctionFile, "url" | "name">;
  readonly inputs: AsyncIterable<unknown>;
  /** Inputs that need no run. Called once per input, in order. */
  readonly isDone: (input: unknown) => boolean;
  readonly executor: Executor;
  /** Most inputs handed out and not yet answered. */
  readonly window: number;
  /** Records in the order of the inputs instead of as they come. */
  readonly ordered: boolean;
  /** How often an input is tried again after it threw, timed out or lost its worker. */
  readonly retries: number;
  /** No new inputs: what runs may finish, what waits is withdrawn. */
  readonly stop: AbortSignal;
  /** At once: what runs is stopped too. */
  readonly abort: AbortSignal;
  /** Takes the next record; its promise holds the run back while the output cannot follow. */
  readonly write: (record: MapRecord) => void | Promise<void>;
}

/** Inputs that `isDone` answered for; the rest of the story is in the records. */
export interface MapOutcome {
  readonly skipped: number;
}

/** Runs the function over every input; each input that ran to its end gives exactly one record. */
export async function runMap(job: MapJob): Promise<MapOutcome> {
  return new MapRun(job).run();
}

class MapRun {
  readonly #job: MapJob;
  readonly #open = new Set<Future<Invoked>>();
  /** Finished records by index; those of withdrawn inputs are null, so that the order has no gaps. */
  readonly #ready = new Map<number, MapRecord | null>();
  #nextToWrite = 0;
  #underWay = 0;
  #changed: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(job: MapJob) {
    this.#job = job;
  }

  async run(): Promise<MapOutcome> {
    const withdraw = (): void => this.#cancel((future) => !future.running());
    const stopAll = (): void => this.#cancel(() => true);
    const { stop, abort } = this.#job;
    stop.addEventListener("abort", withdraw);
    abort.addEventListener("abort", stopAll);
    try {
      const skipped = await this.#feed();
      while (this.#underWay > 0 && this.#failure === undefined) await this.#change();
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#flush(true);
      return { skipped };
    } finally {
      this.#cancel(() => true);
      stop.removeEventListener("abort", withdraw);
      abort.removeEventListener("abort", stopAll);
    }
  }

  /** Hands inputs out while there is room, until they end or the run is stopped. */
  async #feed(): Promise<number> {
    const { isDone, ordered, stop } = this.#job;
    const iterator = this.#job.inputs[Symbol.asyncIterator]();
    let index = 0;
    let skipped = 0;
    try {
      for (;;) {
        while (this.#isFull() && !stop.aborted && this.#failure === undefined) await this.#change();
        if (stop.aborted || this.#failure !== undefined) return skipped;
        const step = await orStopped(iterator.next(), stop);
        if (step === undefined || step.done) return skipped;
        if (isDone(step.value)) {
          skipped++;
          if (ordered) await this.#settle(index, null);
          index++;
        } else void this.#attempts(index++, step.value);
      }
    } finally {
      void iterator.return?.();
    }
  }

  async #attempts(index: number, input: unknown): Promise<void> {
    const { retries, stop } = this.#job;
    this.#underWay++;
    let record: MapRecord | null = null;
    for (let attempt = 1; record === null; attempt++) {
      try {
        const { value, seconds } = await this.#submit(input);
        record = { index, input, ok: true, result: value, seconds };
      } catch (error) {
        if (error === WITHDRAWN) break;
        if (attempt <= retries && !stop.aborted) continue;
        record = failedRecord(index, input, error, attempt);
      }
    }
    try {
      await this.#settle(index, record);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#underWay--;
    this.#notify();
  }

  async #submit(input: unknown): Promise<Invoked> {
    const { executor, work } = this.#job;
    const future = executor.submit(remoteInvoke, work.url, work.name, input);
    this.#open.add(future);
    try {
      return await future;
    } catch (error) {
      throw future.cancelled() ? WITHDRAWN : error;
    } finally {
      this.#open.delete(future);
    }
  }

  #cancel(which: (future: Future<Invoked>) => boolean): void {
    for (const future of this.#open) if (which(future)) future.cancel();
    this.#notify();
  }

  #isFull(): boolean {
    return this.#underWay >= this.#job.window || this.#ready.size >= REORDER * this.#job.window;
  }

  async #settle(index: number, record: MapRecord | null): Promise<void> {
    this.#ready.set(index, record);
    await this.#flush(false);
  }

  /** Writes what may be written; with `all` also what comes after a gap that no longer fills. */
  async #flush(all: boolean): Promise<void> {
    const { ordered, write } = this.#job;
    if (ordered && !all) {
      while (this.#ready.has(this.#nextToWrite)) {
        const record = this.#ready.get(this.#nextToWrite)!;
        this.#ready.delete(this.#nextToWrite++);
        if (record !== null) await write(record);
      }
      return;
    }
    const records = [...this.#ready].sort((a, b) => a[0] - b[0]);
    this.#ready.clear();
    for (const [, record] of records) if (record !== null) await write(record);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve));
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = undefined;
    changed?.();
  }
}

/** Records that wait for a slower one before them: this many windows full, then no new inputs are taken. */
const REORDER = 16;

/** Marks an attempt that the run itself took back: neither a success nor a failure of the input. */
const WITHDRAWN = Symbol("withdrawn");

/** The next input, or undefined when the run is stopped first: the source may have nothing to say for hours. */
async function orStopped<T>(next: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  let unlink = (): void => {};
  const stopped = new Promise<undefined>((resolve) => {
    const listener = (): void => resolve(undefined);
    stop.addEventListener("abort", listener, { once: true });
    unlink = () => stop.removeEventListener("abort", listener);
  });
  try {
    return await Promise.race([next, stopped]);
  } finally {
    unlink();
  }
}
