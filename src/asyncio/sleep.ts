import { type Alarm, type AlarmSetter, type WaitOptions, clock, requireSeconds } from "../core/index.ts";
import { currentScope } from "./scope.ts";
import { Waiter } from "./waiter.ts";

export interface SleepOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits `seconds` (Infinity: until cancelled). Ends early, by throwing, when the scope is cancelled or the signal
 * fires; its timer is gone then. `sleep(0)` lets everything else that is ready run once. Python: `asyncio.sleep`.
 */
export function sleep(seconds: number, options?: SleepOptions): Promise<void> {
  requireSeconds("seconds", seconds);
  return new Sleep(seconds, options).promise;
}

/** Seconds on the clock that every timeout and deadline of this package reads. Python: `loop.time()`. */
export function currentTime(): number {
  return clock().now();
}

/**
 * A point where a computation lets others run and can be cancelled: throws if the scope is cancelled, else resumes
 * in the next turn of the event loop.
 */
export async function checkpoint(): Promise<void> {
  currentScope().throwIfCancelled();
  await sleep(0);
}

/** A wait that is its own alarm, and knows how long it is, for `ps`. */
class Sleep extends Waiter implements Alarm {
  readonly seconds: number;
  setBy: AlarmSetter | undefined = undefined;
  slot = 0;

  constructor(seconds: number, options?: WaitOptions) {
    super("sleep", options);
    this.seconds = seconds;
    if (this.open) clock().set(this, seconds);
  }

  ring(): void {
    this.grant();
  }

  override describe(): string {
    return `sleep ${this.seconds} s`;
  }

  protected override ended(): void {
    this.setBy?.take(this);
    super.ended();
  }
}
