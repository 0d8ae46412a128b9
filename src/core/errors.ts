/**
 * Every error this package throws, in one tree.
 *
 * Each class has a stable `code` for programs and a message for people: what happened, to which value,
 * where, and what to do instead. Errors that exist in Python keep Python's names.
 */

export interface SpoolErrorOptions extends ErrorOptions {
  /** Overrides the class's own code. */
  readonly code?: string;
}

/** The root of the tree: `error instanceof SpoolError` holds for everything thrown by this package itself. */
export class SpoolError extends Error {
  /** Stable identifier, safe to switch on. */
  readonly code: string;

  constructor(message: string, options: SpoolErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code ?? (new.target as typeof SpoolError).code;
  }

  static readonly code: string = "SPOOL";
}

// --- Arguments and environment -----------------------------------------------------------------

/** A public call was given a value it cannot use. The message names the value, the parameter and the way out. */
export class ArgumentError extends SpoolError {
  static override readonly code: string = "INVALID_ARGUMENT";
}

/** A method was called on an object that is closed, not started, or already running. */
export class StateError extends SpoolError {
  static override readonly code: string = "INVALID_STATE";
}

/** The platform (or a missing optional peer) cannot do this; the message names the install command or the alternative. */
export class UnsupportedError extends SpoolError {
  static override readonly code: string = "UNSUPPORTED";
}

// --- Waiting ------------------------------------------------------------------------------------

/** The time given in `timeout` ran out. Python: `TimeoutError`. */
export class TimeoutError extends SpoolError {
  static override readonly code: string = "TIMEOUT";
}

/** The work was cancelled before it finished. Python: `CancelledError`. */
export class CancelledError extends SpoolError {
  static override readonly code: string = "CANCELLED";
}

// --- Futures and executors ----------------------------------------------------------------------

/** A future was asked for a transition its state does not allow. Python: `concurrent.futures.InvalidStateError`. */
export class InvalidStateError extends SpoolError {
  static override readonly code: string = "INVALID_FUTURE_STATE";
}

/** Why a worker ended while it had work. */
export type WorkerEnd = "exit" | "crash" | "out-of-memory" | "start" | "closed";

export interface BrokenExecutorOptions extends SpoolErrorOptions {
  readonly reason?: WorkerEnd;
  readonly exitCode?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

/**
 * The worker that ran the task is gone, so the task has no result. Only the tasks that were running in that
 * worker get this error; the pool replaces the worker. Python: `BrokenExecutor` (there it ends the whole pool).
 */
export class BrokenExecutor extends SpoolError {
  readonly reason: WorkerEnd;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(message: string, options: BrokenExecutorOptions = {}) {
    super(message, options);
    this.reason = options.reason ?? "crash";
    this.exitCode = options.exitCode ?? null;
    this.signal = options.signal ?? null;
  }

  static override readonly code: string = "BROKEN_EXECUTOR";
}

/** A worker thread ended with work in it. Python: `concurrent.futures.thread.BrokenThreadPool`. */
export class BrokenThreadPool extends BrokenExecutor {
  static override readonly code: string = "BROKEN_THREAD_POOL";
}

/** A worker process ended with work in it. Python: `concurrent.futures.process.BrokenProcessPool`. */
export class BrokenProcessPool extends BrokenExecutor {
  static override readonly code: string = "BROKEN_PROCESS_POOL";
}

/** The executor's queue limit is reached and the caller asked not to wait. */
export class QueueFullError extends SpoolError {
  static override readonly code: string = "QUEUE_FULL";
}

/** An argument, a result or an error cannot cross to or from the worker; the message names the path to the value. */
export class SerializationError extends SpoolError {
  static override readonly code: string = "SERIALIZATION";
}

// --- Shipping functions -------------------------------------------------------------------------

export interface CaptureErrorOptions extends SpoolErrorOptions {
  readonly path?: string;
  readonly where?: string | null;
  readonly hint?: string;
}

/** A function (or something it captures) cannot be shipped to another thread or process. Thrown before anything runs. */
export class CaptureError extends SpoolError {
  /** How the value is reached from the shipped function, e.g. `` main() -> captured variable `db` -> .socket ``. */
  readonly path: string;
  /** `file:line:column` in the user's own source, when it is known. */
  readonly where: string | null;
  readonly hint: string;

  constructor(message: string, options: CaptureErrorOptions = {}) {
    super(message, options);
    this.path = options.path ?? "";
    this.where = options.where ?? null;
    this.hint = options.hint ?? "";
  }

  static override readonly code: string = "CAPTURE";
}

// --- Queues, channels and synchronisation -------------------------------------------------------

/** `getNowait` on an empty queue. Python: `queue.Empty`. */
export class Empty extends SpoolError {
  static override readonly code: string = "EMPTY";
}

/** `putNowait` on a full queue. Python: `queue.Full`. */
export class Full extends SpoolError {
  static override readonly code: string = "FULL";
}

/** The queue was shut down. Python: `queue.ShutDown`. */
export class ShutDown extends SpoolError {
  static override readonly code: string = "SHUT_DOWN";
}

/** The other end of a channel is closed. Python: `EOFError`. */
export class EOFError extends SpoolError {
  static override readonly code: string = "EOF";
}

/** A barrier was reset or aborted while someone waited at it. Python: `threading.BrokenBarrierError`. */
export class BrokenBarrierError extends SpoolError {
  static override readonly code: string = "BROKEN_BARRIER";
}

/** The lock is not held by the caller. Python: `RuntimeError` from `release`. */
export class LockOwnershipError extends SpoolError {
  static override readonly code: string = "LOCK_OWNERSHIP";
}

export interface LockAbandonedErrorOptions extends SpoolErrorOptions {
  readonly pid?: number;
  readonly threadId?: number;
}

/** The previous holder of a lock died while it held it; the state that the lock guards may be half-written. */
export class LockAbandonedError extends SpoolError {
  /** The process that held the lock. */
  readonly pid: number;
  /** The thread that held it, by the system's number. */
  readonly threadId: number;

  constructor(message: string, options: LockAbandonedErrorOptions = {}) {
    super(message, options);
    this.pid = options.pid ?? 0;
    this.threadId = options.threadId ?? 0;
  }

  static override readonly code: string = "LOCK_ABANDONED";
}

/** Mutual authentication failed. Python: `multiprocessing.AuthenticationError`. */
export class AuthenticationError extends SpoolError {
  static override readonly code: string = "AUTHENTICATION";
}

/** The message does not fit the buffer it was to be received into. Python: `multiprocessing.BufferTooShort`. */
export class BufferTooShort extends SpoolError {
  static override readonly code: string = "BUFFER_TOO_SHORT";
}

/** A manager's server failed to carry out a call. Python: `multiprocessing.managers.RemoteError`. */
export class RemoteError extends SpoolError {
  static override readonly code: string = "REMOTE";
}

// --- asyncio and gevent -------------------------------------------------------------------------

/** SIGINT or SIGTERM asked the program to end; `run` cancels with it. Python: `KeyboardInterrupt`. */
export class Interrupted extends CancelledError {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`The program was asked to end (${signal})`);
    this.signal = signal;
  }

  static override readonly code: string = "INTERRUPTED";
}

/** A task that nobody awaited ended with an error (the `cause`); the message names it and where it was spawned. */
export class UnhandledTaskError extends SpoolError {
  static override readonly code: string = "UNHANDLED_TASK";
}

/** Every holder waits for what only another holder could give back; reported in debug mode instead of hanging. */
export class DeadlockError extends SpoolError {
  static override readonly code: string = "DEADLOCK";
}

/** This end of the channel or stream was closed by its own user. trio: `ClosedResourceError`. */
export class ClosedResourceError extends SpoolError {
  static override readonly code: string = "CLOSED_RESOURCE";
}

/** The other side is gone, so that nothing sent can arrive. trio: `BrokenResourceError`. */
export class BrokenResourceError extends SpoolError {
  static override readonly code: string = "BROKEN_RESOURCE";
}

/** The stream ended before as many bytes came as were asked for. Python: `asyncio.IncompleteReadError`. */
export class IncompleteReadError extends EOFError {
  readonly partial: Buffer;
  readonly expected: number | undefined;

  constructor(partial: Buffer, expected: number | undefined) {
    super(`The stream ended after ${partial.length} of ${expected ?? "an unknown number of"} bytes`);
    this.partial = partial;
    this.expected = expected;
  }

  static override readonly code: string = "INCOMPLETE_READ";
}

/** The separator was not found within the reader's limit. Python: `asyncio.LimitOverrunError`. */
export class LimitOverrunError extends SpoolError {
  static override readonly code: string = "LIMIT_OVERRUN";
}

/** A synchronous call blocked a greenlet; the message names the call, the place and the call to use instead. */
export class BlockingCallError extends SpoolError {
  static override readonly code: string = "BLOCKING_CALL";
}

/**
 * Several errors that happened side by side, thrown as one when a group ends. An AggregateError (so not a SpoolError)
 * because that is what JavaScript calls this. Python: `ExceptionGroup`.
 */
export class ExceptionGroup extends AggregateError {
  static readonly code: string = "EXCEPTION_GROUP";
  readonly code: string = ExceptionGroup.code;

  constructor(message: string, errors: Iterable<unknown>, options?: ErrorOptions) {
    super(errors, message, options);
    this.name = "ExceptionGroup";
  }

  /** Every error that is not itself a group, in order, however deep. */
  get leaves(): unknown[] {
    return this.errors.flatMap((error: unknown) =>
      error instanceof ExceptionGroup ? error.leaves : [error],
    );
  }

  /** The part that `matches`, in the same nesting, or null. Takes an error class or a predicate. */
  subgroup(matches: ErrorMatcher): ExceptionGroup | null {
    return this.split(matches)[0];
  }

  /** The part that `matches` and the rest, both in the same nesting; null for an empty part. */
  split(matches: ErrorMatcher): [matching: ExceptionGroup | null, rest: ExceptionGroup | null] {
    const inside: unknown[] = [];
    const outside: unknown[] = [];
    for (const error of this.errors as unknown[]) {
      const [yes, no] = error instanceof ExceptionGroup ? error.split(matches) : leaf(error, matches);
      if (yes !== null) inside.push(yes);
      if (no !== null) outside.push(no);
    }
    return [this.#derive(inside), this.#derive(outside)];
  }

  #derive(errors: unknown[]): ExceptionGroup | null {
    if (errors.length === 0) return null;
    return new ExceptionGroup(this.message, errors, { cause: this.cause });
  }
}

/** An error class, or a function that says whether an error is meant. */
export type ErrorMatcher = (new (...args: any[]) => unknown) | ((error: unknown) => boolean);

function leaf(error: unknown, matches: ErrorMatcher): [unknown, unknown] {
  const isClass = matches === Error || matches.prototype instanceof Error;
  const hit = isClass ? error instanceof matches : (matches as (error: unknown) => boolean)(error);
  return hit ? [error, null] : [null, error];
}

// --- Celery -------------------------------------------------------------------------------------

// --- Profilers ----------------------------------------------------------------------------------

/** A process cannot be profiled, or went away meanwhile; the message names the process and the way out. */
export class ProfilerError extends SpoolError {
  static override readonly code: string = "PROFILER";
}

// --- Command line -------------------------------------------------------------------------------

/** The command line was used wrongly; the message says what to type instead. */
export class UsageError extends SpoolError {
  static override readonly code: string = "USAGE";
}
