import { type WaitOptions, requireWait } from "../core/index.ts";
import {
  type Block,
  type BlockState,
  type Point,
  type Steps,
  type Waiter,
  receiveBlock,
  runAsync,
  runSync,
} from "../memory/index.ts";
import { type Home, place, shareable } from "./share.ts";

/** A flag to wait for. Python: `threading.Event`, `multiprocessing.Event`. */
export class Event {
  static {
    shareable(this, import.meta.url, "receiveEvent", (it: Event, to) => it.#home.ship(to));
  }

  readonly #home: Block;
  readonly #point: Point;

  constructor(home: Home = "thread") {
    this.#home = place(home, WORDS);
    this.#point = this.#home.point(SEQUENCE);
  }

  isSet(): boolean {
    return Atomics.load(this.#home.words, FLAG) === 1;
  }

  /** Raises the flag and wakes everybody who waits, even if `clear` follows at once. */
  set(): void {
    Atomics.store(this.#home.words, FLAG, 1);
    Atomics.add(this.#home.words, TIMES_SET, 1);
    this.#point.broadcast();
  }

  clear(): void {
    Atomics.store(this.#home.words, FLAG, 0);
  }

  /** Resolves with true once the flag is up, with false when `timeout` seconds have passed. */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    requireWait(options);
    return runAsync((waiter) => this.#steps(waiter), options);
  }

  /** Blocks the thread until the flag is up. */
  waitSync(options: WaitOptions = {}): boolean {
    requireWait(options);
    return runSync((waiter) => this.#steps(waiter), options);
  }

  *#steps(waiter: Waiter): Steps<boolean> {
    const before = Atomics.load(this.#home.words, TIMES_SET);
    const raised = (): boolean => this.isSet() || Atomics.load(this.#home.words, TIMES_SET) !== before;
    for (;;) {
      if (this.isSet()) return true;
      const seen = waiter.announce(this.#point);
      if (raised()) return true;
      if (yield { point: this.#point, seen }) return raised();
      if (raised()) return true;
    }
  }
}

const FLAG = 0;
const SEQUENCE = 1;
const TIMES_SET = 3;
const WORDS = 4;

/** The other side of `Event[reduce]`; found by name. @public */
export function receiveEvent(state: BlockState): Event {
  return new Event(receiveBlock(state));
}
