import {
  type Block,
  type BlockState,
  MUTEX_WORDS,
  Mutex,
  type Steps,
  type Waiter,
  receiveBlock,
} from "../memory/index.ts";
import { BaseLock } from "./lock.ts";
import { type Home, place, shareable } from "./share.ts";

/**
 * A lock that its holder may acquire again; it is free once released as often. The holder is the thread, as in
 * Python, so the tasks of one event loop are one holder: between them use Lock. Python: `threading.RLock`,
 * `multiprocessing.RLock`.
 */
export class RLock extends BaseLock {
  static {
    shareable(this, import.meta.url, "receiveRLock", (it: RLock, to) => it.#home.ship(to));
  }

  readonly #home: Block;

  constructor(home: Home = "thread") {
    const block = place(home, MUTEX_WORDS + 1);
    super(new Mutex(block));
    this.#home = block;
  }

  /** How often this thread has acquired it and not yet released; 0 when it is not the holder. */
  get depth(): number {
    return this.mutex.heldByMe ? this.#home.words[DEPTH]! : 0;
  }

  tryAcquire(): boolean {
    if (this.mutex.heldByMe) this.#home.words[DEPTH]!++;
    else if (this.mutex.tryRecover()) this.#home.words[DEPTH] = 1;
    else return false;
    return true;
  }

  release(): void {
    if (this.mutex.heldByMe && --this.#home.words[DEPTH]! > 0) return;
    this.mutex.unlock();
  }

  surrender(): number {
    const depth = this.depth;
    this.mutex.unlock();
    return depth;
  }

  *restore(waiter: Waiter, depth: number): Steps<boolean> {
    yield* this.mutex.lock(waiter, true);
    this.#home.words[DEPTH] = depth;
    return true;
  }

  protected tryInTurn(): boolean {
    return (this.mutex.heldByMe || !this.mutex.point.starved) && this.tryAcquire();
  }

  protected *steps(waiter: Waiter): Steps<boolean> {
    if (this.tryInTurn()) return true;
    if (!(yield* this.mutex.lock(waiter))) return false;
    this.#home.words[DEPTH] = 1;
    return true;
  }

  protected override refuseDeadlock(): void {}
}

const DEPTH = MUTEX_WORDS;

/** The other side of `RLock[reduce]`; found by name. @public */
export function receiveRLock(state: BlockState): RLock {
  return new RLock(receiveBlock(state));
}
