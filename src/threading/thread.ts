import { isMainThread, threadId } from "node:worker_threads";
import { packArguments, ship } from "../closures/index.ts";
import {
  requireFunction,
  requireSeconds,
  requireSignal,
  StateError,
  waitable,
  type WaitOptions,
} from "../core/index.ts";
import { nativeThreadId } from "../memory/index.ts";
import {
  type LoneThread,
  loneInfo,
  ownRun,
  performOwnRun,
  refuseWhileLoading,
  startLoneThread,
} from "../worker/index.ts";
import { reportFailure } from "./excepthook.ts";

export interface ThreadOptions<A extends unknown[] = any[]> {
  /** The function to run; anything that can be shipped. */
  readonly target?: (...args: A) => unknown;
  readonly args?: A;
  readonly name?: string;
  /** A daemon thread does not keep the program alive. Default: as the thread that makes it. */
  readonly daemon?: boolean;
}

/**
 * A thread of its own for one function. Python: `threading.Thread`; unlike there, it really runs beside this one,
 * and shares no variables with it, only the objects of this package. About 30 ms to start: for many short tasks take
 * a ThreadPoolExecutor.
 *
 *     const thread = new Thread({ target: (n: number) => console.log(n), args: [1] });
 *     thread.start();
 *     await thread.join();
 *
 * `process.exit()` inside ends this thread only. An error its function throws goes to `excepthook`.
 */
export class Thread<A extends unknown[] = any[]> {
  readonly name: string;
  readonly #options: ThreadOptions<A>;
  #daemon: boolean;
  #lone: LoneThread | null = null;

  constructor(options: ThreadOptions<A> = {}) {
    if (options.target !== undefined) requireFunction("options.target", options.target);
    this.#options = options;
    this.name = options.name ?? `Thread-${++count}${options.target?.name ? ` (${options.target.name})` : ""}`;
    this.#daemon = options.daemon ?? loneInfo()?.daemon ?? false;
  }

  /** Starts the thread. What its function captures is captured now. Throws StateError when called twice. */
  start(): void {
    if (this.#lone !== null)
      throw new StateError(`start: ${this.name} was started before; a thread runs once`);
    refuseWhileLoading();
    const own = ownRun(this, Thread.prototype);
    const { target, args = [] } = own === null ? this.#options : { target: performOwnRun, args: [own] };
    const lone = startLoneThread({
      target: target === undefined ? null : ship(target, { to: "thread" }).payload,
      args: packArguments(args, { to: "thread" }),
      info: {
        name: this.name,
        daemon: this.#daemon,
        parent: { name: currentThread().name, ident: threadId },
      },
    });
    this.#lone = lone;
    if (this.#daemon) lone.unref();
    running.add(this);
    void lone.ended.then(({ failure }) => {
      running.delete(this);
      if (failure !== null) reportFailure(failure.error, this);
    });
  }

  /**
   * What the thread does: calls the target. A subclass may override it; it runs over there with the methods of the
   * subclass and the properties the instance has at the start, so give back what it finds through a queue or the like.
   */
  run(): unknown {
    return this.#options.target?.(...(this.#options.args ?? ([] as unknown as A)));
  }

  /** Waits until the thread has ended, or `timeout` seconds; ask `isAlive` which. */
  async join(options: WaitOptions = {}): Promise<void> {
    requireSeconds("timeout", options.timeout);
    requireSignal("signal", options.signal);
    if (this.#lone === null) throw new StateError(`join: ${this.name} was not started`);
    if (options.timeout === undefined && options.signal === undefined) {
      await this.#whileReferenced(this.#lone);
      return;
    }
    const wait = waitable<void>({ signal: options.signal }, `Joining ${this.name}`);
    const timer = waitable<void>({ timeout: options.timeout }, `Joining ${this.name}`);
    void this.#lone.ended.then(() => (wait.resolve(), timer.resolve()));
    timer.promise.catch(() => wait.resolve());
    await wait.promise.finally(() => timer.resolve());
  }

  isAlive(): boolean {
    return this.#lone !== null && this.#lone.end === null;
  }

  /** Node's id of the thread; null before the start. */
  get ident(): number | null {
    return this.#lone?.ident ?? null;
  }

  /** The system's id of the thread, as `top -H` shows it; null until it runs, or where the system tells none. */
  get nativeId(): number | null {
    return this.#lone?.nativeId ?? null;
  }

  get daemon(): boolean {
    return this.#daemon;
  }

  /** May be set before the start only. */
  set daemon(value: boolean) {
    if (this.#lone !== null) throw new StateError(`daemon: ${this.name} was started; set it before`);
    this.#daemon = value;
  }

  /** Ends the thread at once, in whatever it does; its locks are recovered by who waits for them. Python has no such. */
  async terminate(): Promise<void> {
    this.#lone?.kill("SIGKILL");
    await this.#lone?.ended;
  }

  /** A program that joins a daemon thread must not end meanwhile. */
  async #whileReferenced(lone: LoneThread): Promise<void> {
    lone.ref();
    await lone.ended;
  }
}

/** A thread as `currentThread` and `enumerate` tell of it. */
export interface ThreadInfo {
  readonly name: string;
  readonly ident: number | null;
  readonly nativeId: number | null;
  readonly daemon: boolean;
  isAlive(): boolean;
}

/** The thread that calls. */
export function currentThread(): ThreadInfo {
  if (isMainThread) return mainThread();
  const info = loneInfo();
  return {
    name: info?.name ?? `Dummy-${threadId}`,
    ident: threadId,
    nativeId: nativeThreadId(),
    daemon: info?.daemon ?? true,
    isAlive: () => true,
  };
}

/** The thread the program began in. */
export function mainThread(): ThreadInfo {
  return {
    name: "MainThread",
    ident: 0,
    nativeId: process.pid,
    daemon: false,
    isAlive: () => true,
  };
}

/** This thread, the main thread, and what this thread started and still runs; threads of other threads are theirs. */
export function enumerate(): ThreadInfo[] {
  return [mainThread(), ...(isMainThread ? [] : [currentThread()]), ...running];
}

export function activeCount(): number {
  return enumerate().length;
}

/** Node's id of the calling thread; 0 in the main thread. */
export function getIdent(): number {
  return threadId;
}

/** The system's id of the calling thread. Python: `get_native_id()`. */
export function getNativeId(): number {
  return nativeThreadId();
}

let count = 0;
const running = new Set<Thread<any>>();
