import {
  BrokenBarrierError,
  requireFunction,
  requireInteger,
  type WaitOptions,
  requireWait,
} from "../core/index.ts";
import {
  type Block,
  type BlockState,
  isDead,
  LOOK_MS,
  me,
  MUTEX_WORDS,
  Mutex,
  type Point,
  type Steps,
  type Waiter,
  receiveBlock,
  runAsync,
  runSync,
} from "../memory/index.ts";
import { type Home, place, shareable } from "./share.ts";

export interface BarrierOptions {
  /** Run by one of the parties, the last to arrive, before any of them goes on. */
  readonly action?: (() => void) | undefined;
  /** Seconds for waits that name none. */
  readonly timeout?: number | undefined;
}

/** A party's number, and the number of the round if it is the one to act. */
type Arrival = readonly [index: number, round: number | null];

/**
 * A meeting point of `parties` threads: nobody goes on before all have arrived, then it is ready for the next round.
 *
 * A party that gives up (timeout, signal) or dies while it waits breaks the barrier for all, so that none waits for
 * ever. Python: `threading.Barrier`, `multiprocessing.Barrier`.
 *
 *     filling --the last arrives--> acting --the action returns--> filling, next round
 *     filling, acting --timeout, signal, death, abort, the action throws--> broken --reset--> filling, next round
 *
 * While all have arrived and the action runs, who comes for the next round waits outside.
 *
 * Words: lock | point (2) | parties | arrived | round | broken | outcome of the last 32 rounds (a bit is set when the
 * round was reset) | token of each party that has arrived.
 */
export class Barrier {
  static {
    shareable(this, import.meta.url, "receiveBarrier", (it: Barrier, to) => ({
      block: it.#home.ship(to),
      action: it.#action,
      timeout: it.#timeout,
    }));
  }

  readonly #home: Block;
  readonly #words: Int32Array;
  readonly #mutex: Mutex;
  readonly #point: Point;
  readonly #action: (() => void) | undefined;
  readonly #timeout: number | undefined;

  constructor(parties: number, options: BarrierOptions = {}, home: Home = "thread") {
    requireInteger("parties", parties, 1, MOST_PARTIES);
    if (options.action !== undefined) requireFunction("options.action", options.action);
    this.#home = place(home, TOKENS + parties);
    this.#words = this.#home.words;
    this.#mutex = new Mutex(this.#home.part(0, MUTEX_WORDS));
    this.#point = this.#home.point(SEQUENCE);
    this.#action = options.action;
    this.#timeout = options.timeout;
    this.#words[PARTIES] = parties;
  }

  get parties(): number {
    return this.#words[PARTIES]!;
  }

  /** How many are waiting now. Python: `n_waiting`. */
  get waiting(): number {
    return Atomics.load(this.#words, ARRIVED);
  }

  get broken(): boolean {
    return Atomics.load(this.#words, BROKEN) === 1;
  }

  /**
   * Waits for the others. Resolves with a number from 0 to parties - 1, different for each, for example to choose
   * one who tidies up. Throws BrokenBarrierError when the barrier is broken or reset, or the time is up.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    const [index, round] = await this.arrive(this.#action !== undefined, options);
    if (round !== null) this.#act(round);
    return index;
  }

  waitSync(options: WaitOptions = {}): number {
    requireWait(options);
    const acts = this.#action !== undefined;
    const [index, round] = runSync((waiter) => this.#wait(waiter, acts), this.#within(options));
    if (round !== null) this.#act(round);
    return index;
  }

  /**
   * For `wait`: as that, but when the party `acts`, the last to arrive gets the number of the round: the others wait until
   * it calls `complete` with it.
   */
  async arrive(acts: boolean, options: WaitOptions): Promise<Arrival> {
    requireWait(options);
    return runAsync((waiter) => this.#wait(waiter, acts), this.#within(options));
  }

  /** Ends a round whose action has returned. Throws BrokenBarrierError when it was broken or reset meanwhile. */
  complete(round: number): void {
    this.#locked(() => {
      if (!this.#over(round)) this.#nextRound(false);
    });
  }

  /** Starts afresh; those who wait now get a BrokenBarrierError. */
  reset(): void {
    this.#locked(() => {
      this.#words[BROKEN] = 0;
      if (this.#words[ARRIVED]! > 0) this.#nextRound(true);
    });
  }

  /** Breaks the barrier: those who wait, and those who come until `reset`, get a BrokenBarrierError. */
  abort(): void {
    this.#locked(() => this.#break());
  }

  #within(options: WaitOptions): WaitOptions {
    return { ...options, timeout: options.timeout ?? this.#timeout };
  }

  #act(round: number): void {
    try {
      this.#action!();
    } catch (error) {
      this.abort();
      throw error;
    }
    this.complete(round);
  }

  *#wait(waiter: Waiter, acts: boolean): Steps<Arrival> {
    const late = { is: false };
    for (;;) {
      yield* this.#mutex.lock(waiter, true);
      const round = this.#words[ROUND]!;
      const index = this.#enter(acts);
      if (index === this.parties - 1) return [index, acts ? round : null];
      try {
        yield* this.#others(waiter, round, late);
      } catch (error) {
        if (!this.#over(round)) this.abort();
        throw error;
      }
      if (index !== OUTSIDE) return [index, null];
    }
  }

  /** Called with the lock held, returns without it. */
  #enter(acts: boolean): number {
    try {
      if (this.#mutex.abandoned !== null) this.#break();
      if (this.broken) throw broken("it was broken before this call. Call reset first");
      const index = this.#words[ARRIVED]!;
      if (index === this.parties) return OUTSIDE;
      Atomics.store(this.#words, TOKENS + index, me());
      Atomics.store(this.#words, ARRIVED, index + 1);
      if (index === this.parties - 1 && !acts) this.#nextRound(false);
      return index;
    } finally {
      this.#mutex.unlock();
    }
  }

  *#others(waiter: Waiter, round: number, late: { is: boolean }): Steps<void> {
    for (let looked = performance.now(); ;) {
      const seen = waiter.announce(this.#point);
      if (this.#over(round)) return;
      if (late.is) throw broken("a party did not come in time");
      late.is = yield { point: this.#point, seen };
      if (performance.now() - looked < LOOK_MS) continue;
      looked = performance.now();
      if (!this.#over(round) && this.#somebodyDied()) throw broken("a party died while it waited");
    }
  }

  /** Throws when the round, or the barrier, was broken. */
  #over(round: number): boolean {
    if (Atomics.load(this.#words, ROUND) !== round) {
      if ((Atomics.load(this.#words, RESETS) & (1 << (round & 31))) === 0) return true;
      throw broken("it was reset");
    }
    if (this.broken) throw broken("a party gave up, died or called abort");
    return false;
  }

  #somebodyDied(): boolean {
    for (let i = 0; i < this.waiting; i++) {
      if (isDead(Atomics.load(this.#words, TOKENS + i))) return true;
    }
    return false;
  }

  #break(): void {
    Atomics.store(this.#words, BROKEN, 1);
    Atomics.store(this.#words, ARRIVED, 0);
    this.#point.broadcast();
  }

  #nextRound(reset: boolean): void {
    const bit = 1 << (this.#words[ROUND]! & 31);
    if (reset) this.#words[RESETS]! |= bit;
    else this.#words[RESETS]! &= ~bit;
    Atomics.store(this.#words, ARRIVED, 0);
    Atomics.add(this.#words, ROUND, 1);
    this.#point.broadcast();
  }

  #locked(fn: () => void): void {
    runSync((waiter) => this.#mutex.lock(waiter, true));
    try {
      fn();
    } finally {
      this.#mutex.unlock();
    }
  }
}

const SEQUENCE = MUTEX_WORDS;
const PARTIES = MUTEX_WORDS + 2;
const ARRIVED = MUTEX_WORDS + 3;
const ROUND = MUTEX_WORDS + 4;
const BROKEN = MUTEX_WORDS + 5;
const RESETS = MUTEX_WORDS + 6;
const TOKENS = MUTEX_WORDS + 7;
const MOST_PARTIES = 4096;
/** In the place of a number: the action of the round before runs still. */
const OUTSIDE = -1;

function broken(why: string): BrokenBarrierError {
  return new BrokenBarrierError(`The barrier is broken: ${why}`);
}

interface BarrierState extends BarrierOptions {
  readonly block: BlockState;
}

/** The other side of a Barrier's crossing; found by name. @public */
export function receiveBarrier(state: BarrierState): Barrier {
  const block = receiveBlock(state.block);
  return new Barrier(block.words[PARTIES]!, state, block);
}
