import { LockOwnershipError, waitable, type WaitOptions } from "../core/index.ts";
import type { PerClient } from "./manager-server.ts";

/** A lock in a manager. Its holder is a client (a thread of a process); when that vanishes, the lock is free again. */
export class ManagedLock implements PerClient {
  readonly perClient = true;
  protected depth = 0;
  #owner: object | null = null;
  #waiting: { readonly client: object; readonly grant: () => boolean }[] = [];

  async acquire(client: object, options: WaitOptions = {}): Promise<boolean> {
    if (this.#owner === null) return this.#give(client);
    const wait = waitable<boolean>({ timeout: options.timeout }, "acquire", () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    });
    const entry = { client, grant: () => wait.resolve(true) };
    this.#waiting.push(entry);
    return wait.promise.catch(() => false);
  }

  tryAcquire(client: object): boolean {
    return this.#owner === null && this.#give(client);
  }

  release(client: object): void {
    this.requireOwner(client, "release");
    if (--this.depth === 0) this.#pass();
  }

  locked(): boolean {
    return this.#owner !== null;
  }

  clientGone(client: object): void {
    this.#waiting = this.#waiting.filter((entry) => entry.client !== client);
    if (this.#owner === client) this.#pass();
  }

  owns(client: object): boolean {
    return this.#owner === client;
  }

  requireOwner(client: object, call: string): void {
    if (!this.owns(client)) throw new LockOwnershipError(`${call}: this client does not hold the lock`);
  }

  /** For conditions: gives the lock up altogether. */
  surrender(): number {
    const { depth } = this;
    this.#pass();
    return depth;
  }

  async restore(client: object, depth: number): Promise<void> {
    // Queues up even if another call of the same client holds the lock now.
    await ManagedLock.prototype.acquire.call(this, client);
    this.depth = depth;
  }

  #give(client: object): true {
    this.#owner = client;
    this.depth = 1;
    return true;
  }

  #pass(): void {
    this.#owner = null;
    this.depth = 0;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.grant()) continue;
      this.#give(next.client);
      return;
    }
  }
}

/** A lock in a manager that its holder may acquire again. */
export class ManagedRLock extends ManagedLock {
  override async acquire(client: object, options: WaitOptions = {}): Promise<boolean> {
    return this.#again(client) || super.acquire(client, options);
  }

  override tryAcquire(client: object): boolean {
    return this.#again(client) || super.tryAcquire(client);
  }

  #again(client: object): boolean {
    if (!this.owns(client)) return false;
    this.depth++;
    return true;
  }
}

/** A condition in a manager, with a lock of its own. */
export class ManagedCondition implements PerClient {
  readonly perClient = true;
  readonly #lock = new ManagedRLock();
  #waiting: { readonly client: object; readonly notify: () => boolean }[] = [];

  acquire(client: object, options: WaitOptions = {}): Promise<boolean> {
    return this.#lock.acquire(client, options);
  }

  release(client: object): void {
    this.#lock.release(client);
  }

  async wait(client: object, options: WaitOptions = {}): Promise<boolean> {
    this.#lock.requireOwner(client, "wait");
    const wait = waitable<boolean>({ timeout: options.timeout }, "wait", () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    });
    const entry = { client, notify: () => wait.resolve(true) };
    this.#waiting.push(entry);
    const depth = this.#lock.surrender();
    const notified = await wait.promise.catch(() => false);
    await this.#lock.restore(client, depth);
    return notified;
  }

  notify(client: object, count: number = 1): void {
    this.#lock.requireOwner(client, "notify");
    for (let left = count; left > 0 && this.#waiting.length > 0;) if (this.#waiting.shift()!.notify()) left--;
  }

  notifyAll(client: object): void {
    this.notify(client, Infinity);
  }

  clientGone(client: object): void {
    this.#waiting = this.#waiting.filter((entry) => entry.client !== client);
    this.#lock.clientGone(client);
  }
}
