import type { Executor, MapOptions } from "../../futures/index.ts";
import type { FunctionReference, Model } from "../types.ts";
import { type Reading, now, readCounters, residentMemory } from "./counters.ts";
import {
  type Entry,
  type Sample,
  type Task,
  type WorkerIdentity,
  probe,
  remoteHello,
  remoteProbe,
} from "./probe.ts";

/** One timed pass over the inputs. `submitted` and `received` are by input, on the clock of `now()`. */
export interface Pass {
  readonly before: Reading;
  readonly after: Reading;
  readonly samples: readonly Sample[];
  readonly submitted: Float64Array;
  readonly received: Float64Array;
}

/** A model made ready to run: its workers are up and its function is there. */
export interface Runner {
  readonly model: Model;
  /** Seconds that the start of the workers took; null without workers. */
  readonly start: number | null;
  /** Bytes that the workers added; null without workers. */
  readonly memory: number | null;
  run(inputs: readonly unknown[]): Promise<Pass>;
  close(): Promise<void>;
}

/** The plain loop that everything is compared with. */
export function serialRunner(model: Model, fn: Task, signal?: AbortSignal): Runner {
  return {
    model,
    start: null,
    memory: null,
    run: (inputs) =>
      timed(inputs, [], async (pass) => {
        for (let i = 0; i < inputs.length; i++) {
          signal?.throwIfAborted();
          pass.sent(i);
          pass.got(await probe(fn, i, inputs[i]));
        }
      }),
    close: async () => {},
  };
}

/** What workers run: a function that is shipped, or the name of one that they import. */
export type ProbeTask = ((entry: Entry) => unknown) | FunctionReference;

export interface RunnerOptions {
  readonly chunkSize?: number;
  readonly signal?: AbortSignal | undefined;
  /** The executor belongs to somebody else and is not shut down. */
  readonly keepOpen?: boolean;
  /** How a function that has a name is called there. */
  readonly remoteProbe?: typeof remoteProbe;
}

/** Any executor. `workers` are found by asking, so that their counters can be read from outside. */
export async function executorRunner(
  model: Model,
  open: () => Executor,
  task: ProbeTask,
  options: RunnerOptions = {},
): Promise<Runner> {
  const memoryBefore = residentMemory([]);
  const started = now();
  const executor = open();
  try {
    const workers = hasWorkers(model) ? await greet(executor, model.workers) : [];
    const start = hasWorkers(model) ? now() - started : null;
    const memory = hasWorkers(model) ? addedMemory(workers, memoryBefore) : null;
    return { model, start, memory, run: (inputs) => runOn(executor, workers, inputs, task, options), close };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    if (options.keepOpen !== true) await executor.shutdown({ wait: true, cancelFutures: true });
  }
}

function runOn(
  executor: Executor,
  workers: readonly WorkerIdentity[],
  inputs: readonly unknown[],
  task: ProbeTask,
  options: RunnerOptions,
): Promise<Pass> {
  return timed(inputs, workers, async (pass) => {
    function* entries(): Generator<Entry> {
      for (let i = 0; i < inputs.length; i++) {
        pass.sent(i);
        yield [i, inputs[i]];
      }
    }
    // Unordered, so that a result's arrival is its own and not that of a slower one before it.
    const mapOptions = {
      ordered: false,
      ...(options.chunkSize === undefined ? {} : { chunkSize: options.chunkSize }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    for await (const sample of startMap(executor, task, entries(), mapOptions, options.remoteProbe))
      pass.got(sample as Sample);
  });
}

function startMap(
  executor: Executor,
  task: ProbeTask,
  entries: Iterable<Entry>,
  options: MapOptions,
  call: typeof remoteProbe = remoteProbe,
): AsyncIterable<unknown> {
  if (typeof task === "function") return executor.map(task, entries, options);
  const { url, name } = task;
  return executor.map(call, entries, forever(url), forever(name), options);
}

function* forever<T>(value: T): Generator<T> {
  for (;;) yield value;
}

interface Recorder {
  sent(index: number): void;
  got(sample: Sample): void;
}

async function timed(
  inputs: readonly unknown[],
  workers: readonly WorkerIdentity[],
  body: (pass: Recorder) => Promise<void>,
): Promise<Pass> {
  const samples: Sample[] = [];
  const submitted = new Float64Array(inputs.length);
  const received = new Float64Array(inputs.length);
  // What the pass before left behind (timers, collections) is not this one's.
  await new Promise((resolve) => setImmediate(resolve));
  const before = readCounters(workers);
  await body({
    sent: (index) => (submitted[index] = now()),
    got: (sample) => {
      received[sample.index] = now();
      samples.push(sample);
    },
  });
  return { before, after: readCounters(workers), samples, submitted, received };
}

/** How long workers may take to come up before the comparison goes on with those that did, in seconds. */
const START_LIMIT = 20;

async function greet(executor: Executor, count: number): Promise<WorkerIdentity[]> {
  const known = new Map<string, WorkerIdentity>();
  const deadline = now() + START_LIMIT;
  while (known.size < count && now() < deadline) {
    const answers = await Promise.all(Array.from({ length: count }, () => executor.submit(remoteHello)));
    for (const worker of answers) known.set(worker.key, worker);
  }
  return [...known.values()];
}

function hasWorkers(model: Model): boolean {
  return model.kind === "threads" || model.kind === "threads-async" || model.kind === "processes";
}

function addedMemory(workers: readonly WorkerIdentity[], before: number | null): number | null {
  const after = residentMemory(workers);
  if (after === null) return null;
  const ownProcesses = workers.some((worker) => worker.pid !== process.pid);
  return ownProcesses ? after : Math.max(0, after - (before ?? 0));
}
