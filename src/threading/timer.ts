import {
  clock,
  requireFunction,
  requireSeconds,
  StateError,
  waitable,
  type WaitOptions,
} from "../core/index.ts";

/**
 * Calls a function once after so many seconds, unless cancelled. It runs in this thread's event loop, so it may use
 * everything around it. Python: `threading.Timer`.
 */
export class Timer<A extends unknown[] = any[]> {
  readonly #interval: number;
  readonly #fn: (...args: A) => unknown;
  readonly #args: A;
  readonly #waiters: (() => void)[] = [];
  #stop: (() => void) | null = null;
  #state: "new" | "waiting" | "finished" = "new";

  constructor(interval: number, fn: (...args: A) => unknown, ...args: A) {
    this.#interval = requireSeconds("interval", interval);
    requireFunction("fn", fn);
    this.#fn = fn;
    this.#args = args;
  }

  start(): void {
    if (this.#state !== "new") throw new StateError("start: a timer runs once; make a new one");
    this.#state = "waiting";
    this.#stop = clock().after(this.#interval, () => {
      this.#finish();
      this.#fn(...this.#args);
    });
  }

  /** Stops a timer that has not fired yet. */
  cancel(): void {
    this.#stop?.();
    this.#finish();
  }

  isAlive(): boolean {
    return this.#state === "waiting";
  }

  /** Waits until it has fired or was cancelled. */
  async join(options: WaitOptions = {}): Promise<void> {
    if (this.#state === "new") throw new StateError("join: the timer was not started");
    if (this.#state === "finished") return;
    const wait = waitable<void>(options, "Joining a timer");
    this.#waiters.push(() => wait.resolve());
    await wait.promise;
  }

  #finish(): void {
    this.#state = "finished";
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
