import { ArgumentError, requireWait, type WaitOptions } from "../core/index.ts";
import {
  type BlockState,
  type Point,
  receiveBlock,
  Ring,
  runAsync,
  runSync,
  type Steps,
  type Waiter,
} from "../memory/index.ts";
import { type Home, shareable } from "../sync/index.ts";
import type { Encoded } from "./codec.ts";
import { Queue } from "./queue.ts";

/**
 * A queue that counts finished work: each consumer calls `taskDone` after the work an item stood for, and `join`
 * waits until that was done for every item. Python: `multiprocessing.JoinableQueue`.
 */
export class JoinableQueue<T = unknown> extends Queue<T> {
  static {
    shareable(this, import.meta.url, "receiveJoinableQueue", (it: JoinableQueue, to) => it.block.ship(to));
  }

  readonly #point: Point;

  constructor(maxSize: number = 0, home: Home = "thread") {
    super(maxSize, home);
    this.#point = this.block.point(JOIN);
  }

  /** Says that the work for one item taken is finished. Throws ArgumentError when called more often than items were put. */
  taskDone(): void {
    const before = Atomics.sub(this.words, UNFINISHED, 1);
    if (before <= 0) {
      Atomics.add(this.words, UNFINISHED, 1);
      throw new ArgumentError("taskDone: called more often than there were items in the queue");
    }
    if (before === 1) this.#point.broadcast();
  }

  /** Waits until every item put was taken and reported as done. Resolves with false when the time is up. */
  async join(options: WaitOptions = {}): Promise<boolean> {
    requireWait(options);
    return runAsync((waiter) => this.#join(waiter), options);
  }

  joinSync(options: WaitOptions = {}): boolean {
    requireWait(options);
    return runSync((waiter) => this.#join(waiter), options);
  }

  /** Items put whose work is not finished. */
  get unfinished(): number {
    return Atomics.load(this.words, UNFINISHED);
  }

  protected override encode(item: T): Encoded {
    const { kind, length, write } = super.encode(item);
    return {
      kind,
      length,
      write: (target, offset) => {
        write(target, offset);
        Atomics.add(this.words, UNFINISHED, 1);
      },
    };
  }

  protected override dropped(): void {
    this.taskDone();
  }

  *#join(waiter: Waiter): Steps<boolean> {
    for (;;) {
      const seen = waiter.announce(this.#point);
      if (this.unfinished <= 0) return true;
      if (yield { point: this.#point, seen }) return this.unfinished <= 0;
    }
  }
}

/** Spare words of the ring, behind the one that Queue uses. */
const UNFINISHED: number = Ring.spareWords[0] + 1;
const JOIN: number = Ring.spareWords[0] + 2;

/** The other side of a JoinableQueue's crossing; found by name. @public */
export function receiveJoinableQueue(state: BlockState): JoinableQueue {
  return new JoinableQueue(0, receiveBlock(state));
}
