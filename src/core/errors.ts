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

/** Nobody can read any more what would be sent. Python: `BrokenPipeError`. */
export class BrokenPipeError extends SpoolError {
  static override readonly code: string = "BROKEN_PIPE";
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

/** How a greenlet is killed; a killed greenlet counts as successful, with this as its value. gevent: `GreenletExit`. */
export class GreenletExit extends CancelledError {
  constructor(message: string = "The greenlet was killed", options: SpoolErrorOptions = {}) {
    super(message, options);
  }

  static override readonly code: string = "GREENLET_EXIT";
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

export interface TaskErrorOptions extends SpoolErrorOptions {
  readonly type?: string;
  readonly module?: string | null;
  readonly args?: readonly unknown[];
  readonly traceback?: string | null;
}

/**
 * A task ended with an error whose class this program does not have: one from Python, or from another program. `name`
 * is the class's own name, so `error.name === "ValueError"` reads as in Python. Throw one to give Python a built-in:
 * `throw new TaskError("bad size", { type: "ValueError", module: "builtins" })`.
 */
export class TaskError extends SpoolError {
  /** Name of the class on the other side, dotted when nested. */
  readonly type: string;
  /** Module of the class on the other side. */
  readonly module: string | null;
  readonly args: readonly unknown[];
  /** The other side's traceback, when it sent one. */
  readonly traceback: string | null;

  constructor(message: string, options: TaskErrorOptions = {}) {
    super(message, options);
    this.type = options.type ?? "TaskError";
    this.module = options.module ?? null;
    this.args = options.args ?? [message];
    this.traceback = options.traceback ?? null;
    this.name = this.type;
  }

  static override readonly code: string = "TASK";
}

/** The worker knows no task of that name; import the module that defines it, or correct the name. Python: `NotRegistered`. */
export class NotRegistered extends SpoolError {
  static override readonly code: string = "NOT_REGISTERED";
}

/** The task was revoked, terminated, or had expired before it could start. Python: `TaskRevokedError`. */
export class TaskRevokedError extends SpoolError {
  static override readonly code: string = "TASK_REVOKED";
}

/** The soft time limit passed: `request.signal` fires with this, so that the task can clean up. Python: the same name. */
export class SoftTimeLimitExceeded extends SpoolError {
  static override readonly code: string = "SOFT_TIME_LIMIT";
}

/** The hard time limit passed and the task was stopped where the pool can stop it. Python: the same name. */
export class TimeLimitExceeded extends SpoolError {
  static override readonly code: string = "TIME_LIMIT";
}

/** The pool's process or thread died under the task, more often than it may be run again. Python: `WorkerLostError`. */
export class WorkerLostError extends SpoolError {
  static override readonly code: string = "WORKER_LOST";
}

/** A task in the header of a chord failed, so the body never ran. Python: `ChordError`. */
export class ChordError extends SpoolError {
  static override readonly code: string = "CHORD";
}

/** `retry()` was called once more than `maxRetries` allows and had no error to pass on. Python: the same name. */
export class MaxRetriesExceededError extends SpoolError {
  static override readonly code: string = "MAX_RETRIES";
}

export interface RetryOptions extends SpoolErrorOptions {
  /** Epoch milliseconds of the next try. */
  readonly when?: number;
  readonly changes?: Readonly<Record<string, unknown>>;
}

/** Thrown by `request.retry()` so that the task ends here and is sent again. Let it pass; do not catch it. Python: `Retry`. */
export class Retry extends SpoolError {
  readonly when: number;
  /** What the next try is sent with instead of the present message's own: args, kwargs, queue, priority ... */
  readonly changes: Readonly<Record<string, unknown>>;

  constructor(message: string, options: RetryOptions = {}) {
    super(message, options);
    this.when = options.when ?? 0;
    this.changes = options.changes ?? {};
  }

  static override readonly code: string = "RETRY";
}

export interface ReplaceOptions extends SpoolErrorOptions {
  readonly signature?: unknown;
}

/** Thrown by `request.replace()` so that another task runs in this one's place. Let it pass; do not catch it. */
export class Replace extends SpoolError {
  readonly signature: unknown;

  constructor(message: string, options: ReplaceOptions = {}) {
    super(message, options);
    this.signature = options.signature;
  }

  static override readonly code: string = "REPLACE";
}

/** Thrown by a task to end without storing a result. Python: `celery.exceptions.Ignore`. */
export class Ignore extends SpoolError {
  constructor(message = "ignored", options: SpoolErrorOptions = {}) {
    super(message, options);
  }

  static override readonly code: string = "IGNORE";
}

/** Thrown by a task to reject its message; with `requeue` it is delivered again. Python: `celery.exceptions.Reject`. */
export class Reject extends SpoolError {
  readonly requeue: boolean;

  constructor(message = "rejected", options: SpoolErrorOptions & { readonly requeue?: boolean } = {}) {
    super(message, options);
    this.requeue = options.requeue ?? false;
  }

  static override readonly code: string = "REJECT";
}

/** A value cannot be written in the chosen serializer; the message names what it was. Python: `kombu.exceptions.EncodeError`. */
export class EncodeError extends SpoolError {
  static override readonly code: string = "ENCODE";
}

/** A message or a stored result cannot be read. Python: `kombu.exceptions.DecodeError`. */
export class DecodeError extends SpoolError {
  static override readonly code: string = "DECODE";
}

/** A message came in a content type that `acceptContent` does not list. Python: `kombu.exceptions.ContentDisallowed`. */
export class ContentDisallowed extends SpoolError {
  static override readonly code: string = "CONTENT_DISALLOWED";
}

/** The broker or the result backend cannot be reached or refused the operation. Python: `OperationalError`. */
export class OperationalError extends SpoolError {
  static override readonly code: string = "OPERATIONAL";
}

// --- Profilers ----------------------------------------------------------------------------------

/** A process cannot be profiled, or went away meanwhile; the message names the process and the way out. */
export class ProfilerError extends SpoolError {
  static override readonly code: string = "PROFILER";
}

/** A function used more memory than its test allows; the message lists who held it. */
export class MemoryLimitError extends ProfilerError {
  static override readonly code: string = "MEMORY_LIMIT";
}

// --- Command line -------------------------------------------------------------------------------

/** The command line was used wrongly; the message says what to type instead. */
export class UsageError extends SpoolError {
  static override readonly code: string = "USAGE";
}
