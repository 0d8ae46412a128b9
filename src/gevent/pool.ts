import { Semaphore } from "../asyncio/index.ts";
import { QueueFullError, type WaitOptions, requireInteger } from "../core/index.ts";
import type { Greenlet } from "./greenlet.ts";
import { Group } from "./group.ts";

/**
 * A group that admits at most `size` greenlets: `await pool.spawn(fn)` waits for room. Python: `gevent.pool.Pool`.
 */
export class Pool extends Group {
  readonly maxSize: number;
  readonly #room: Semaphore;
  readonly #counted = new WeakSet<Greenlet<any>>();

  constructor(size: number = Infinity) {
    super();
    this.maxSize = size === Infinity ? size : requireInteger("size", size, 1);
    this.#room = new Semaphore(size === Infinity ? Number.MAX_SAFE_INTEGER : size);
  }

  freeCount(): number {
    return this.maxSize === Infinity ? Infinity : this.#room.value;
  }

  full(): boolean {
    return this.#room.locked();
  }

  /** Waits until another greenlet could be spawned. */
  async waitAvailable(options?: WaitOptions): Promise<void> {
    await this.#room.acquire(options);
    this.#room.release();
  }

  /** QueueFullError when there is no room. Python's `add` blocks; `spawn` and `waitAvailable` wait. */
  override add(greenlet: Greenlet<any>): void {
    if (this.has(greenlet)) return;
    if (!this.#counted.has(greenlet) && !this.#enter(greenlet)) {
      const message = `The pool's ${this.maxSize} places are taken; wait with waitAvailable(), or use spawn()`;
      throw new QueueFullError(message);
    }
    super.add(greenlet);
  }

  override discard(greenlet: Greenlet<any>): void {
    super.discard(greenlet);
    if (this.#counted.delete(greenlet)) this.#room.release();
  }

  protected override get limit(): number {
    return this.maxSize;
  }

  protected override async admit<R>(greenlet: Greenlet<R>): Promise<Greenlet<R>> {
    await this.#room.acquire();
    this.#counted.add(greenlet);
    return super.admit(greenlet);
  }

  #enter(greenlet: Greenlet<any>): boolean {
    if (!this.#room.acquireNowait()) return false;
    this.#counted.add(greenlet);
    return true;
  }
}
