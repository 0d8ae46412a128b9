import type { WaitOptions } from "../core/index.ts";
import { DONE, Waiter, WaiterQueue, refused } from "./waiter.ts";

/** A flag that tasks can wait for. Python: `asyncio.Event`. */
export class Event {
  #set = false;
  readonly #waiters = new WaiterQueue();

  isSet(): boolean {
    return this.#set;
  }

  /** Raises the flag and wakes everyone who waits, also if it is cleared again at once. */
  set(): void {
    this.#set = true;
    this.#waiters.grantAll(undefined);
  }

  clear(): void {
    this.#set = false;
  }

  /** Returns at once when the flag is up, else when it is raised. */
  wait(options?: WaitOptions): Promise<void> {
    const refusal = refused(options);
    if (refusal !== undefined) return refusal;
    return this.#set ? DONE : new Waiter("Event.wait", options).in(this.#waiters);
  }

  get waiting(): number {
    return this.#waiters.size;
  }
}
