import { type Service, StateError, clock } from "../../core/index.ts";
import { plan } from "../canvas/plan.ts";
import { wireSignature } from "../canvas/wire.ts";
import type { Runtime } from "../runtime.ts";
import { schedule, type Schedule } from "./crontab.ts";

export interface BeatOptions {
  readonly onSent?: (entry: string, id: string) => void;
  /** A task that could not be sent is due again at its next time. */
  readonly onError?: (entry: string, error: unknown) => void;
}

/**
 * Sends the tasks of `beatSchedule` when they are due. One per app: two would send everything twice, as with Celery's.
 * What came due while none ran is not made up for. Python: `celery beat`.
 */
export class Beat implements Service {
  readonly #runtime: Runtime;
  readonly #options: BeatOptions;
  readonly #cancels = new Map<string, () => void>();
  #state: "idle" | "running" | "stopped" = "idle";

  constructor(runtime: Runtime, options: BeatOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#state !== "idle")
      throw new StateError(`A beat can be started once; this one is ${this.#state}`);
    this.#state = "running";
    await this.#runtime.connections.broker();
    for (const [name, entry] of Object.entries(this.#runtime.settings.beatSchedule)) {
      const when = typeof entry.schedule === "number" ? schedule(entry.schedule) : entry.schedule;
      this.#arm(name, when, new Date());
    }
  }

  async stop(): Promise<void> {
    this.#state = "stopped";
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  terminate(): Promise<void> {
    return this.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #arm(name: string, when: Schedule, after: Date): void {
    const due = when.next(after);
    const cancel = clock().after(Math.max(0, due.getTime() - Date.now()) / 1000, () => {
      // Counted from when it was due, not from now, so that delays do not add up; but never into the past.
      this.#arm(name, when, new Date(Math.max(due.getTime(), Date.now() - 1000)));
      this.#send(name);
    });
    this.#cancels.set(name, cancel);
  }

  #send(name: string): void {
    const entry = this.#runtime.settings.beatSchedule[name]!;
    const { args = [], kwargs = {}, options = {} } = entry;
    try {
      const planned = plan(this.#runtime, wireSignature(entry.task, { args, kwargs, options }));
      planned.send().then(
        () => this.#options.onSent?.(name, planned.result[0][0]),
        (error: unknown) => this.#options.onError?.(name, error),
      );
    } catch (error) {
      this.#options.onError?.(name, error);
    }
  }
}
