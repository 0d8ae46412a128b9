import { randomBytes } from "node:crypto";
import { packArguments, ship } from "../closures/index.ts";
import {
  requireFunction,
  requireSeconds,
  requireSignal,
  StateError,
  waitable,
  type WaitOptions,
} from "../core/index.ts";
import {
  type Lone,
  loneInfo,
  ownRun,
  performOwnRun,
  refuseWhileLoading,
  startLoneProcess,
} from "../worker/index.ts";

export interface ProcessOptions<A extends unknown[] = any[]> {
  /** The function to run; anything that can be shipped. */
  readonly target?: (...args: A) => unknown;
  readonly args?: A;
  /** Shown by `ps`. Default: `Process-1` and so on. */
  readonly name?: string;
  /** A daemon process is killed when this program ends, and cannot start processes itself. */
  readonly daemon?: boolean;
}

/**
 * A process of its own for one function. Python: `multiprocessing.Process`.
 *
 *     const process = new Process({ target: convert, args: ["a.odt"], name: "convert a.odt" });
 *     process.start();
 *     await process.join();
 *
 * Its name is what `ps` shows. The program waits for it before it ends, unless it is a daemon; whatever ends the
 * program (SIGKILL included) ends its processes too. What the function throws is printed with the stack of the
 * process, and the exit code is 1. About 60 ms to start: for many tasks take a Pool.
 */
export class Process<A extends unknown[] = any[]> {
  readonly #options: ProcessOptions<A>;
  #name: string;
  #daemon: boolean;
  #authkey: Uint8Array = currentProcess().authkey;
  #lone: Lone | null = null;
  #closed = false;

  constructor(options: ProcessOptions<A> = {}) {
    if (options.target !== undefined) requireFunction("options.target", options.target);
    this.#options = options;
    const parent = loneInfo()?.name;
    this.#name =
      options.name ?? `${parent === undefined ? "Process" : `${parent}:`}-${++count}`.replace(":-", ":");
    this.#daemon = options.daemon ?? loneInfo()?.daemon ?? false;
  }

  /** Starts the process. What its function captures is captured now. Throws StateError when called twice. */
  start(): void {
    this.#requireOpen();
    if (this.#lone !== null)
      throw new StateError(`start: ${this.#name} was started before; a process runs once`);
    if (loneInfo()?.daemon && loneInfo()?.authkey !== undefined)
      throw new StateError("start: a daemon process cannot have processes of its own: they would outlive it");
    refuseWhileLoading();
    const own = ownRun(this, Process.prototype);
    const { target, args = [] } = own === null ? this.#options : { target: performOwnRun, args: [own] };
    const lone = startLoneProcess({
      target: target === undefined ? null : ship(target, { to: "process" }).payload,
      args: packArguments(args, { to: "process" }),
      info: {
        name: this.#name,
        daemon: this.#daemon,
        parent: { name: currentProcess().name, ident: process.pid },
        authkey: this.#authkey,
      },
    });
    this.#lone = lone;
    if (this.#daemon) lone.unref();
    children.add(this);
    void lone.ended.then(() => children.delete(this));
    if (this.#daemon) killAtExit();
  }

  /**
   * What the process does: calls the target. A subclass may override it; it runs over there with the methods of the
   * subclass and the properties the instance has at the start, so give back what it finds through a queue or the like.
   */
  run(): unknown {
    return this.#options.target?.(...(this.#options.args ?? ([] as unknown as A)));
  }

  /** Waits until the process has ended, or `timeout` seconds; `exitCode` says which. */
  async join(options: WaitOptions = {}): Promise<void> {
    requireSeconds("timeout", options.timeout);
    requireSignal("signal", options.signal);
    const lone = this.#requireStarted("join");
    if (this.#daemon) lone.ref();
    const wait = waitable<void>({ signal: options.signal }, `Joining ${this.#name}`);
    const timer = waitable<void>({ timeout: options.timeout }, `Joining ${this.#name}`);
    void lone.ended.then(() => (wait.resolve(), timer.resolve()));
    timer.promise.catch(() => wait.resolve());
    await wait.promise.finally(() => {
      timer.resolve();
      if (this.#daemon) lone.unref();
    });
  }

  isAlive(): boolean {
    this.#requireOpen();
    return this.#lone !== null && this.#lone.end === null;
  }

  /** Asks the process to end (SIGTERM). Its `finally` blocks do not run; its children end with it. */
  terminate(): void {
    this.#requireStarted("terminate").kill("SIGTERM");
  }

  /** Ends the process at once (SIGKILL). */
  kill(): void {
    this.#requireStarted("kill").kill("SIGKILL");
  }

  /** Sends SIGINT. Python 3.14: `interrupt()`. */
  interrupt(): void {
    this.#requireStarted("interrupt").kill("SIGINT");
  }

  /** Gives up what belongs to an ended process; nothing else can be called afterwards. Throws StateError while it runs. */
  close(): void {
    if (this.#lone !== null && this.#lone.end === null)
      throw new StateError(`close: ${this.#name} is still running; join, terminate or kill it first`);
    this.#closed = true;
  }

  get name(): string {
    return this.#name;
  }

  /** May be set before the start. */
  set name(value: string) {
    if (this.#lone !== null) throw new StateError(`name: ${this.#name} was started; set it before`);
    this.#name = value;
  }

  get daemon(): boolean {
    return this.#daemon;
  }

  /** May be set before the start only. */
  set daemon(value: boolean) {
    if (this.#lone !== null) throw new StateError(`daemon: ${this.#name} was started; set it before`);
    this.#daemon = value;
  }

  /** Null before the start. */
  get pid(): number | null {
    this.#requireOpen();
    return this.#lone?.ident ?? null;
  }

  /** The same as `pid`. */
  get ident(): number | null {
    return this.pid;
  }

  /** Null while it runs; negative when a signal ended it: -9 for SIGKILL. */
  get exitCode(): number | null {
    this.#requireOpen();
    return this.#lone?.end?.exitCode ?? null;
  }

  /** Settles when the process has ended; for `wait` of several at once. */
  get sentinel(): Promise<void> {
    return this.#requireStarted("sentinel").ended.then(() => {});
  }

  /** The secret that processes of this program know each other by. */
  get authkey(): Uint8Array {
    return this.#authkey;
  }

  set authkey(value: Uint8Array) {
    this.#authkey = Uint8Array.from(value);
  }

  #requireOpen(): void {
    if (this.#closed) throw new StateError(`${this.#name} was closed`);
  }

  #requireStarted(call: string): Lone {
    this.#requireOpen();
    if (this.#lone === null) throw new StateError(`${call}: ${this.#name} was not started`);
    return this.#lone;
  }
}

/** A process as `currentProcess` and `parentProcess` tell of it. */
export interface ProcessInfo {
  readonly name: string;
  readonly pid: number;
  readonly daemon: boolean;
  /** Inherited by processes started from here on. */
  authkey: Uint8Array;
}

/** The process that calls. */
export function currentProcess(): ProcessInfo {
  return here;
}

/** The process that started this one, or null in the first. */
export function parentProcess(): { readonly name: string; readonly pid: number } | null {
  const info = loneInfo();
  return info?.authkey === undefined ? null : { name: info.parent.name, pid: info.parent.ident };
}

/** The processes that this thread started and that still run. */
export function activeChildren(): Process[] {
  return [...children];
}

const here: ProcessInfo = {
  get name() {
    return loneInfo()?.authkey === undefined ? "MainProcess" : loneInfo()!.name;
  },
  pid: process.pid,
  get daemon() {
    return loneInfo()?.authkey !== undefined && loneInfo()!.daemon;
  },
  get authkey() {
    return (authkey ??= loneInfo()?.authkey ?? randomBytes(32));
  },
  set authkey(value) {
    authkey = Uint8Array.from(value);
  },
};

let authkey: Uint8Array | undefined;
let count = 0;
const children = new Set<Process<any>>();
let atExit = false;

/** A daemon notices the end of this process by itself, unless it is busy; it need not be given the chance to. */
function killAtExit(): void {
  if (atExit) return;
  atExit = true;
  process.once("exit", () => {
    for (const child of children) if (child.daemon && child.isAlive()) child.kill();
  });
}
