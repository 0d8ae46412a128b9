import { invalid, requireFunction, requireInteger, requireSeconds, requireSignal } from "../core/index.ts";
import type { Mapper } from "./chunk.ts";
import type {
  AnyIterable,
  Delivered,
  Executor,
  ExecutorStatistics,
  MapOptions,
  ShutdownOptions,
  TaskOptions,
} from "./executor.ts";
import type { Future } from "./future.ts";
import { MapIterator, collect, parseMapCall } from "./map.ts";

type AnyFunction = (...args: any[]) => unknown;

/** What an executor must be able to do; BaseExecutor makes the whole contract of it. */
export interface Scheduler {
  /** Runs one task. `options` have been checked. */
  schedule(fn: AnyFunction, args: unknown[], options: TaskOptions): Future<unknown>;
  /** Prepares to run `fn` over chunks; with `spread` each input is an argument list. */
  mapper(fn: AnyFunction, spread: boolean, options: TaskOptions): Mapper;
  shutdown(options?: ShutdownOptions): Promise<void>;
  statistics(): ExecutorStatistics;
}

/** The Executor contract over a Scheduler: argument checks, `map`, and the views that `with` gives. */
export abstract class BaseExecutor implements Executor {
  protected abstract readonly scheduler: Scheduler;
  protected readonly options: TaskOptions = NO_OPTIONS;

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: NoInfer<A>): Future<Delivered<R>> {
    if (typeof fn !== "function") requireFunction("fn", fn);
    return this.scheduler.schedule(fn as AnyFunction, args, this.options) as Future<Delivered<R>>;
  }

  map<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  map<T, U, R>(
    fn: (a: T, b: U) => R,
    first: AnyIterable<T>,
    second: AnyIterable<U>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  map<T, U, V, R>(
    fn: (a: T, b: U, c: V) => R,
    first: AnyIterable<T>,
    second: AnyIterable<U>,
    third: AnyIterable<V>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  map<R>(fn: AnyFunction, ...rest: unknown[]): AsyncIterableIterator<R> {
    const call = parseMapCall(fn, rest);
    return this.#mapOver<R>({ ...call, spread: call.iterables.length > 1 });
  }

  /** `map` where each input is an argument list. Python: `itertools.starmap`, `Pool.starmap`. */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: AnyIterable<Readonly<A>>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#mapOver({ ...parseMapCall(fn, [items, options]), spread: true });
  }

  /** All results of a `map` (or `starmap`, with `spread`) in one array: cheaper than one by one. */
  async collect<R>(
    fn: AnyFunction,
    items: AnyIterable<unknown>,
    options: MapOptions = {},
    spread = false,
  ): Promise<R[]> {
    const call = parseMapCall(fn, [items, { ...this.options, ...options }]);
    return collect<R>(this.scheduler.mapper(call.fn, spread, perChunk(call.options)), call);
  }

  with(options: TaskOptions): Executor {
    return new ExecutorView(this.scheduler, { ...this.options, ...checkTaskOptions(options) });
  }

  shutdown(options: ShutdownOptions = {}): Promise<void> {
    return this.scheduler.shutdown(options);
  }

  statistics(): ExecutorStatistics {
    return this.scheduler.statistics();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #mapOver<R>(call: ReturnType<typeof parseMapCall> & { spread: boolean }): MapIterator<R> {
    const options = { ...this.options, ...checkTaskOptions(call.options) };
    const mapper = (): Mapper => this.scheduler.mapper(call.fn, call.spread, perChunk(options));
    return new MapIterator<R>(mapper, { ...call, options });
  }
}

class ExecutorView extends BaseExecutor {
  protected override readonly scheduler: Scheduler;
  protected override readonly options: TaskOptions;

  constructor(scheduler: Scheduler, options: TaskOptions) {
    super();
    this.scheduler = scheduler;
    this.options = options;
  }
}

export function checkTaskOptions<T extends TaskOptions>(options: T): T {
  if (typeof options !== "object" || options === null) throw invalid("options", options, "an object");
  requireSeconds("timeout", options.timeout);
  requireSignal("signal", options.signal);
  if (options.priority !== undefined && typeof options.priority !== "number")
    throw invalid("priority", options.priority, "a number");
  if (options.retries !== undefined) requireInteger("retries", options.retries, 0);
  if (options.transfer !== undefined && !Array.isArray(options.transfer))
    throw invalid("transfer", options.transfer, "an array of transferable objects");
  return options;
}

/** The signal of a map is watched by the map as a whole, and a chunk of n inputs may take n times as long. */
function perChunk(options: MapOptions): TaskOptions {
  const { priority, retries, name, timeout, chunkSize } = options;
  return {
    priority,
    retries,
    name,
    timeout: timeout === undefined ? undefined : timeout * (chunkSize ?? 1),
  };
}

const NO_OPTIONS: TaskOptions = {};
