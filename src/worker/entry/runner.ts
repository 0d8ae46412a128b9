import { type WireError, answering } from "../../closures/index.ts";
import { CancelledError, Fifo } from "../../core/index.ts";
import { type Chunk, isThenable } from "../../futures/index.ts";
import { allPrimitive, packChunk, transferOf } from "../chunk-codec.ts";
import { type Channel, Op, type RunExtras } from "../protocol.ts";
import { type AnyFunction, Entry } from "./functions.ts";
import { type Job, callJob } from "./job.ts";
import { OutgoingStream, isStreamable } from "./outgoing-stream.ts";

export interface RunnerOptions {
  readonly to: "thread" | "process";
  readonly channel: Channel;
  readonly concurrency: number;
  /** Called before each task: false when the pool has taken the queue back. */
  readonly claim: () => boolean;
  readonly resume: () => void;
  /** Where no memory is shared, starts are announced by message, tiny tasks excepted. */
  readonly announces: () => boolean;
  readonly restoreContext: AnyFunction | undefined;
  readonly close: () => void;
}

/** Calls between two looks at the clock, for tiny functions. */
const CALLS_PER_LOOK = 16;
/** Results wait at most this long for company, in seconds. */
const FLUSH_SECONDS = 200e-6;
/** After this many seconds of tasks in one turn, messages and timers get theirs. */
const TURN_SECONDS = 2e-3;

/**
 * Runs what the pool sends, in order, `concurrency` at once where tasks are asynchronous. Never blocks: between turns
 * the worker's own timers, streams and messages are served.
 */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #channel: Channel;
  readonly #functions = new Map<number, Entry>();
  readonly #queue = new Fifo<Job>();
  /** By id: ids are slot numbers, so the array stays short. */
  readonly #jobs: (Job | undefined)[] = [];
  #open = 0;
  #underWay = 0;
  #draining = false;
  #closing = false;
  #flushed = 0;
  #hasEncoder = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#channel = options.channel;
  }

  receive(op: number, id: number, a: unknown, b: unknown): void {
    switch (op) {
      case Op.DEFINE:
        this.#functions.set(id, new Entry(id, a as never));
        break;
      case Op.FORGET:
        this.#functions.delete(id);
        break;
      case Op.CANCEL:
        this.#cancel(id, a);
        break;
      case Op.ABANDON:
        this.#abandon(id);
        break;
      case Op.MORE:
        this.#jobs[id]?.stream?.more(a as number);
        break;
      case Op.RESUME:
        this.#dropQueue();
        this.#options.resume();
        this.#channel.post(Op.RESUMED, 0);
        break;
      case Op.CLOSE:
        this.#closing = true;
        break;
      default:
        this.#accept(op, id, a as number, b);
    }
  }

  /** Whether tasks have begun that have not ended. */
  get hasBegun(): boolean {
    return this.#jobs.some((job) => job?.begun);
  }

  /** To be called after each batch of records. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const turn = now();
    this.#flushed = turn;
    let mark = turn;
    let calls = 0;
    let current: Entry | undefined;
    while (this.#queue.size > 0 && this.#underWay < this.#options.concurrency) {
      const job = this.#queue.peek()!;
      const { entry } = job;
      if (entry.fn === undefined && entry.error === undefined) {
        void entry.loading.then(this.#resume);
        break;
      }
      if (entry !== current || !entry.tiny || calls >= CALLS_PER_LOOK) {
        const time = now();
        if (calls > 0) current!.measure(time - mark, calls, this.#channel);
        if (time - turn > TURN_SECONDS) {
          setImmediate(this.#resume);
          break;
        }
        if (!entry.tiny || time - this.#flushed > FLUSH_SECONDS) this.#flush(time);
        current = entry;
        calls = 0;
        mark = time;
      }
      if (!this.#options.claim()) break;
      this.#queue.shift();
      this.#start(job);
      calls++;
      if (!entry.tiny) {
        const time = now();
        entry.measure(time - mark, 1, this.#channel);
        calls = 0;
        mark = time;
        this.#flush(time);
      }
    }
    if (calls > 0) current!.measure(now() - mark, calls, this.#channel);
    this.#draining = false;
    this.#channel.flush();
    if (this.#closing && this.#open === 0) this.#options.close();
  }

  #flush(time: number): void {
    this.#flushed = time;
    this.#channel.flush();
  }

  readonly #resume = (): void => this.drain();

  #accept(op: number, id: number, key: number, body: unknown): void {
    const entry = this.#functions.get(key)!;
    const extras = op === Op.RUN_WITH ? (body as RunExtras) : undefined;
    const job: Job = {
      op: extras === undefined ? op : extras.mode,
      id,
      entry,
      body: extras === undefined ? body : extras.body,
      extras,
      scope: undefined,
      stream: undefined,
      begun: false,
      cancelled: false,
      started: 0,
    };
    this.#jobs[id] = job;
    this.#open++;
    this.#queue.push(job);
  }

  #start(job: Job): void {
    if (job.cancelled) return;
    job.begun = true;
    const { extras } = job;
    if (extras?.announce || (!job.entry.tiny && this.#options.announces())) {
      this.#channel.post(Op.STARTED, job.id);
      this.#channel.flush();
    }
    if (extras?.timing) job.started = now();
    if (job.entry.error !== undefined) return this.#fail(job, job.entry.error.error);
    try {
      this.#settle(job, callJob(job, this.#options.restoreContext));
    } catch (error) {
      this.#fail(job, error);
    }
  }

  /** The function has returned: a value, a promise, or something to stream. */
  #settle(job: Job, value: unknown): void {
    if (isThenable(value)) {
      job.entry.returnedPromise();
      this.#underWay++;
      value.then(
        (result) => this.#later(job, () => this.#deliver(job, result)),
        (error: unknown) => this.#later(job, () => this.#fail(job, error)),
      );
    } else this.#deliver(job, value);
  }

  /** Ends an asynchronous task: frees its place, then goes on with the queue. */
  #later(job: Job, end: () => void): void {
    if (this.#jobs[job.id] !== job) return;
    this.#underWay--;
    try {
      end();
    } catch (error) {
      this.#fail(job, error);
    }
    this.#scheduleDrain();
  }

  #scheduled = false;
  #scheduleDrain(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.drain();
    });
  }

  #deliver(job: Job, value: unknown): void {
    const { to } = this.#options;
    if (job.op !== Op.RUN) return this.#deliverChunk(job, value as Chunk);
    if (value === null || (typeof value !== "object" && typeof value !== "function"))
      return this.#answer(job, Op.RESULT, value);
    const streams = isStreamable(value);
    if (!streams && answering.travelsAsItIs(value, to)) return this.#answer(job, Op.RESULT, value);
    if (!this.#hasEncoder) return this.#withEncoder(job, () => this.#deliver(job, value));
    if (streams) return this.#stream(job, value);
    this.#answer(job, Op.RESULT, answering.packResult(value, { to }));
  }

  #deliverChunk(job: Job, chunk: Chunk): void {
    const { to } = this.#options;
    const mayNeed = !this.#hasEncoder && (chunk.failure !== undefined || !allPrimitive(chunk.values));
    if (mayNeed) return this.#withEncoder(job, () => this.#deliverChunk(job, chunk));
    const wire = packChunk(chunk, to);
    this.#answer(job, Op.CHUNK, wire, to === "thread" ? transferOf(wire) : undefined);
  }

  #answer(job: Job, op: Op, wire: unknown, transfer?: readonly unknown[]): void {
    this.#free(job.id);
    this.#channel.post(op, job.id, wire, this.#ran(job), transfer);
  }

  /** Ends a task when the encoder is there. Until then the task keeps its place, so that none changes its result. */
  #withEncoder(job: Job, end: () => void): void {
    const loading = answering.loadEncoder();
    this.#hasEncoder = loading === undefined;
    if (loading === undefined) return end();
    this.#underWay++;
    void loading.then(() => this.#later(job, end));
  }

  #fail(job: Job, error: unknown): void {
    if (!this.#hasEncoder) return this.#withEncoder(job, () => this.#failWith(job, error));
    this.#failWith(job, error);
  }

  #failWith(job: Job, error: unknown): void {
    this.#answer(job, Op.FAILED, answering.encodeError(error));
  }

  #ran(job: Job): number | undefined {
    return job.started === 0 ? undefined : now() - job.started;
  }

  #stream(job: Job, source: Iterator<unknown> | AsyncIterator<unknown>): void {
    this.#underWay++;
    job.stream = new OutgoingStream(source, {
      item: (value) => {
        this.#channel.post(Op.ITEM, job.id, answering.packResult(value, { to: this.#options.to }));
        this.#scheduleDrain();
      },
      end: (failure) =>
        this.#later(job, () => {
          if (failure !== undefined) this.#fail(job, failure.error);
          else this.#answer(job, Op.END, undefined);
        }),
    });
    this.#channel.post(Op.STREAM, job.id);
    this.#scheduleDrain();
  }

  #cancel(id: number, reason: unknown): void {
    const job = this.#jobs[id];
    if (job === undefined || job.cancelled) return;
    job.cancelled = true;
    if (job.stream !== undefined) job.stream.stop();
    else if (job.begun) job.scope?.abort(new CancelledError(String(reason)));
    else {
      // Not started: it leaves the queue when its turn comes, and its slot is free from now on.
      this.#free(id);
      this.#channel.post(Op.FAILED, id, SKIPPED);
    }
  }

  /** The pool has taken back whatever has not begun, to give it to workers that are free. */
  #dropQueue(): void {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift())
      if (!job.cancelled) this.#free(job.id);
  }

  #free(id: number): void {
    this.#jobs[id] = undefined;
    this.#open--;
  }

  #abandon(id: number): void {
    const job = this.#jobs[id];
    if (job === undefined) return;
    this.#free(id);
    this.#underWay--;
    this.#channel.post(Op.FAILED, id, SKIPPED);
  }
}

/** Nobody reads this error any more: the future was settled by whoever cancelled it. */
const SKIPPED: WireError | undefined = undefined;

function now(): number {
  return performance.now() / 1000;
}
