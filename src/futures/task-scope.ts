/** What a running task may know about itself. The controller is made only when someone asks for the signal. */
export class TaskScope {
  #controller: AbortController | undefined;
  #reason: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.reason);
    }
    return this.#controller.signal;
  }

  /** Whether the task holds its signal, so that the scope cannot be used again for another task. */
  get used(): boolean {
    return this.#controller !== undefined;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  abort(reason: unknown): void {
    this.#reason ??= { reason };
    this.#controller?.abort(reason);
  }
}

let current: TaskScope | undefined;
const NEVER = new AbortController().signal;

/**
 * The signal that aborts when the task now running is cancelled or runs out of time. Call it before the task's first
 * `await` and keep what it returns. Outside a task it is a signal that never aborts, so the same function also works
 * when called directly. A task that ends by its signal keeps its worker; one that does not is stopped with it.
 */
export function taskSignal(): AbortSignal {
  return current?.signal ?? NEVER;
}

/** For whoever runs tasks: `const outer = enterScope(s); try { fn() } finally { leaveScope(outer); }`. */
export function enterScope(scope: TaskScope): TaskScope | undefined {
  const outer = current;
  current = scope;
  return outer;
}

export function leaveScope(outer: TaskScope | undefined): void {
  current = outer;
}
