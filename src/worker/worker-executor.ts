import { packArguments, ship } from "../closures/index.ts";
import { requireFunction } from "../core/index.ts";
import {
  BaseExecutor,
  type Chunk,
  type ExecutorStatistics,
  type Future,
  type Mapper,
  type Scheduler,
  type ShutdownOptions,
  type TaskOptions,
} from "../futures/index.ts";
import { allPrimitive } from "./chunk-codec.ts";
import { packItems } from "./items.ts";
import { refuseWhileLoading } from "./loading.ts";
import { Crew } from "./crew.ts";
import { Dispatcher } from "./dispatcher.ts";
import { FunctionTable } from "./function-table.ts";
import { type PoolSettings, type WorkerPoolOptions, checkPoolOptions } from "./options.ts";
import type { PeerHandlers, PeerOptions, SpawnPeer } from "./peer.ts";
import { ProcessPeer } from "./process-peer.ts";
import { Op, type WorkerSetup } from "./protocol.ts";
import { ThreadPeer } from "./thread-peer.ts";

type AnyFunction = (...args: any[]) => unknown;
type Kind = "thread" | "process";

/** Inputs in one chunk of a map at most: a message of this size takes a millisecond or so. */
const LARGEST_CHUNK = 32_768;

const SPAWN: Record<Kind, SpawnPeer> = {
  thread: (options: PeerOptions, handlers: PeerHandlers) => new ThreadPeer(options, handlers),
  process: (options: PeerOptions, handlers: PeerHandlers) => new ProcessPeer(options, handlers),
};

/** A worker of a pool: a thread by its `threadId`, a process by its PID. */
export interface PoolWorker {
  readonly kind: Kind;
  readonly name: string;
  readonly ident: number;
}

/**
 * The profiler lies above this layer, so it is found by its public name when it is asked for, and a program that does
 * not ask never loads it. Kept in a variable so that no bundler takes it along.
 */
const PROFILER = "spool/profile";

/** An executor over worker threads or processes: everything but the choice between the two and its documentation. */
export class WorkerExecutor extends BaseExecutor {
  protected override readonly scheduler: WorkerScheduler;

  constructor(kind: Kind, options: WorkerPoolOptions, name?: string) {
    super();
    this.scheduler = new WorkerScheduler(kind, checkPoolOptions(options, kind, name));
  }

  /** Runs `fn(...args)` once in every worker (all are started): to warm up, to load data, to collect counters. */
  async runOnAll<A extends unknown[], R>(fn: (...args: A) => R, ...args: NoInfer<A>): Promise<Awaited<R>[]> {
    requireFunction("fn", fn);
    return Promise.all(this.scheduler.onAll(fn as AnyFunction, args)) as Promise<Awaited<R>[]>;
  }

  /** The workers there are at this moment; those still starting are among them. */
  workers(): readonly PoolWorker[] {
    return this.scheduler.workers();
  }

  /**
   * Records where all workers of this pool spend their time, each in a branch of its own, for `duration` seconds
   * (default 10) or until `signal` fires; `toFlameGraph(callTree(profile))` of `spool/profile` draws it. The pool works
   * on meanwhile, at under 1 % of its time at the default rate. Workers that start meanwhile are recorded in a pool of
   * threads; in one of processes only those that were there. Rejects with ProfilerError when there is no worker yet.
   */
  async profile(options?: import("spool/profile").RecordOptions): Promise<import("spool/profile").Profile> {
    const { profileExecutor } = (await import(PROFILER)) as typeof import("spool/profile");
    return profileExecutor(this, options);
  }

  /** Ends at once: queued and running tasks are cancelled, workers are stopped whatever they do. */
  async terminate(): Promise<void> {
    await this.scheduler.terminate();
  }
}

class WorkerScheduler implements Scheduler {
  readonly #kind: Kind;
  readonly #functions: FunctionTable;
  readonly #settings: PoolSettings;
  readonly #dispatcher: Dispatcher;

  constructor(kind: Kind, settings: PoolSettings) {
    this.#kind = kind;
    this.#settings = settings;
    this.#functions = new FunctionTable(kind);
    const setup = setupOf(kind, settings);
    const crew = (handlers: ConstructorParameters<typeof Crew>[3]): Crew =>
      new Crew(settings, setup, SPAWN[kind], handlers);
    this.#dispatcher = new Dispatcher({ kind, settings, functions: this.#functions, crew });
  }

  schedule(fn: AnyFunction, args: unknown[], options: TaskOptions): Future<unknown> {
    refuseWhileLoading();
    this.#dispatcher.warm();
    const shipped = this.#functions.look(fn, WorkerExecutor.prototype.submit);
    return this.#dispatcher.submit(Op.RUN, shipped, this.#pack(args), options);
  }

  mapper(fn: AnyFunction, spread: boolean, options: TaskOptions): Mapper {
    refuseWhileLoading();
    this.#dispatcher.warm();
    const shipped = this.#functions.look(fn, WorkerExecutor.prototype.map);
    const op = spread ? Op.STARMAP : Op.MAP;
    return {
      parallelism: this.#settings.maxWorkers * this.#settings.concurrency,
      largestChunk: LARGEST_CHUNK,
      run: (chunk) => {
        const body = packItems(chunk, this.#kind);
        return this.#dispatcher.submit(op, shipped, body, options) as Future<Chunk>;
      },
    };
  }

  onAll(fn: AnyFunction, args: unknown[]): Future<unknown>[] {
    refuseWhileLoading();
    const shipped = this.#functions.look(fn, WorkerExecutor.prototype.runOnAll);
    const body = this.#pack(args);
    return this.#dispatcher.onEveryWorker((seat) => this.#dispatcher.submit(Op.RUN, shipped, body, {}, seat));
  }

  shutdown(options: ShutdownOptions = {}): Promise<void> {
    return this.#dispatcher.shutdown(options);
  }

  terminate(): Promise<void> {
    return this.#dispatcher.terminate();
  }

  statistics(): ExecutorStatistics {
    return this.#dispatcher.statistics();
  }

  workers(): PoolWorker[] {
    return this.#dispatcher.peers().map(({ kind, name, ident }) => ({ kind, name, ident }));
  }

  #pack(args: unknown[]): unknown {
    return allPrimitive(args) ? args : packArguments(args, { to: this.#kind });
  }
}

function setupOf(to: Kind, settings: PoolSettings): Omit<WorkerSetup, "name"> {
  const { initializer, initArgs, context, concurrency } = settings;
  return {
    concurrency,
    initializer: initializer && ship(initializer, { to }).payload,
    initArgs: packArguments(initArgs, { to }),
    restoreContext: context && ship(context.restore, { to }).payload,
  };
}
