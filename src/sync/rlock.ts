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
  readonly #words: Int32Array;

  constructor(home: Home = "thread") {
    const block = place(home, MUTEX_WORDS + 1);
    super(new Mutex(block));
    this.#home = block;
    this.#words = block.words;
  }

  /** How often this thread has acquired it and not yet released; 0 when it is not the holder. */
  get depth(): number {
    return this.mutex.heldByMe ? this.#words[DEPTH]! : 0;
  }

  tryAcquire(): boolean {
    const entered = this.mutex.tryEnter();
    if (entered === "other") return false;
    if (entered === "mine") this.#words[DEPTH]!++;
    else this.#words[DEPTH] = 1;
    return true;
  }

  release(): void {
    // Of a lock that another holds the depth is another's too: `unlock` refuses a stranger.
    if (this.#words[DEPTH]! > 1 && this.mutex.heldByMe) this.#words[DEPTH]!--;
    else this.mutex.unlock();
  }

  surrender(): number {
    const depth = this.depth;
    this.mutex.unlock();
    return depth;
  }

  *restore(waiter: Waiter, depth: number): Steps<boolean> {
    yield* this.mutex.lock(waiter, true);
    this.#words[DEPTH] = depth;
    return true;
  }

  protected tryInTurn(): boolean {
    return (!this.mutex.point.starved || this.mutex.heldByMe) && this.tryAcquire();
  }

  protected *steps(waiter: Waiter): Steps<boolean> {
    if (this.tryInTurn()) return true;
    if (!(yield* this.mutex.lock(waiter))) return false;
    this.#words[DEPTH] = 1;
    return true;
  }

  override refuseDeadlock(): void {}
}

const DEPTH = MUTEX_WORDS;

/** The other side of `RLock[reduce]`; found by name. @public */
export function receiveRLock(state: BlockState): RLock {
  return new RLock(receiveBlock(state));
}
