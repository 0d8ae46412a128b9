import {
  CancelledError,
  TimeoutError,
  abortReason,
  clock,
  describe,
  onAbort,
  requireSeconds,
} from "../core/index.ts";
import type { TaskOptions } from "./executor.ts";
import { Future } from "./future.ts";
import { isThenable } from "./run-chunk.ts";
import { TaskScope, enterScope, leaveScope } from "./task-scope.ts";

/** A task that runs in this thread: started once, ended by its function, its timeout, its signal or `cancel`. */
export class LocalTask extends Future<unknown> {
  readonly fn: (...args: any[]) => unknown;
  readonly args: readonly unknown[];
  readonly options: TaskOptions;
  readonly #scope = new TaskScope();
  readonly #submitted = clock().now();
  #unlink: () => void = () => {};

  constructor(fn: (...args: any[]) => unknown, args: readonly unknown[], options: TaskOptions) {
    super(cancelTask);
    this.fn = fn;
    this.args = args;
    this.options = options;
    this.#unlink = onAbort(options.signal, () => this.cancel(abortReason(options.signal!)));
    this.addDoneCallback(() => this.#unlink());
  }

  /** Runs it; `ended` is called once it occupies nothing any more, which may be after a cancellation. */
  start(worker: string, ended: () => void): void {
    if (!this.setRunningOrNotifyCancel()) return ended();
    const started = clock().now();
    const stopTimer = this.#limit();
    const end = (settle: () => void): void => {
      stopTimer();
      if (this.options.timing) {
        const now = clock().now();
        const waited = started - this.#submitted;
        this.timing = { waited, ran: now - started, total: now - this.#submitted, worker };
      }
      if (!this.done()) settle();
      ended();
    };
    try {
      const value = this.#call();
      if (!isThenable(value)) return end(() => this.setResult(value));
      value.then(
        (result) => end(() => this.setResult(result)),
        (error: unknown) => end(() => this.setException(error)),
      );
    } catch (error) {
      end(() => this.setException(error));
    }
  }

  abort(reason: unknown): void {
    this.#scope.abort(reason);
  }

  #call(): unknown {
    const outer = enterScope(this.#scope);
    try {
      return this.fn(...this.args);
    } finally {
      leaveScope(outer);
    }
  }

  #limit(): () => void {
    const seconds = requireSeconds("timeout", this.options.timeout);
    if (seconds === Infinity) return () => {};
    return clock().after(seconds, () => {
      if (this.done()) return;
      const name = this.options.name ?? describe(this.fn);
      const error = new TimeoutError(`The task ${name} ran longer than its timeout of ${seconds} s`);
      this.setException(error);
      this.abort(error);
    });
  }
}

/** Running code in this thread cannot be stopped, only told; whoever waits for the future is released at once. */
function cancelTask(future: Future<unknown>): boolean {
  (future as LocalTask).abort(new CancelledError("The task was cancelled"));
  return true;
}
