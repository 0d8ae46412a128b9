import { LockOwnershipError } from "../core/index.ts";
import type { Block } from "./block.ts";
import { isDead, me, threadOf } from "./owner.ts";
import { LOOK_MS } from "./parking.ts";
import { Point } from "./point.ts";
import { type Steps, type Waiter } from "./steps.ts";

/** Who held a lock when it died. */
export interface Abandoned {
  readonly pid: number;
  /** The system's thread id. */
  readonly threadId: number;
}

/**
 * Mutual exclusion between threads of any processes that survives the death of its holder.
 *
 *     free --CAS--> held(token) --unlock--> free
 *     held(dead token) --CAS by a waiter--> held(token), with `abandoned` set
 *
 * Newcomers may overtake waiters (a lock that always hands over to a sleeper spends its time in waking), but only
 * until a waiter has waited STARVING_MS: from then on a newcomer has to queue up. Among waiters there is no order.
 *
 * Words: state | point (2) | holder's process | acquisitions | contended ones | recoveries.
 */
export class Mutex {
  /** Set while this thread holds a lock that it took over from a dead holder: what it guards may be half-written. */
  abandoned: Abandoned | null = null;
  readonly point: Point;
  readonly #words: Int32Array;
  #checked = 0;

  constructor(block: Block) {
    this.#words = block.words;
    this.point = block.point(SEQUENCE);
  }

  tryLock(): boolean {
    if (Atomics.compareExchange(this.#words, STATE, FREE, me()) !== FREE) return false;
    return this.#taken(null);
  }

  /** Like `tryLock`, and takes the lock over from a dead holder. */
  tryRecover(): boolean {
    return this.tryLock() || this.#recover(RECHECK_MS);
  }

  /** For locks that their holder may enter again: whether it was free and is taken, or mine before, or another's. */
  tryEnter(): "taken" | "mine" | "other" {
    const token = me();
    const state = Atomics.compareExchange(this.#words, STATE, FREE, token);
    if (state === FREE) return this.#taken(null) && "taken";
    if (state === token) return "mine";
    return this.#recover(RECHECK_MS) ? "taken" : "other";
  }

  /** Resumes with false when the time is up; a `patient` waiter takes no notice of time. */
  *lock(waiter: Waiter, patient: boolean = false): Steps<boolean> {
    if (!this.point.starved && (this.tryLock() || (waiter.blocking && this.#spin()))) return true;
    const since = performance.now();
    let got = false;
    try {
      for (let waited = false, late = false; !got && !late; waited = true) {
        const seen = waiter.announce(this.point);
        got = (waited || !this.point.starved) && this.tryLock();
        if (!got && waited) got = this.#recover(LOOK_MS / 2);
        if (got) break;
        if (waited && performance.now() - since > STARVING_MS) this.point.starve();
        late = (yield { point: this.point, seen }) && !patient;
        if (late) got = this.tryLock() || this.#recover(0);
      }
    } finally {
      this.point.fed();
      // A waiter that leaves must not take along a wake-up that was meant for it.
      if (!got && !this.locked) this.point.signal();
    }
    if (got) this.#words[CONTENDED]!++;
    return got;
  }

  unlock(): void {
    if (this.#words[STATE] !== me()) this.#refuseStranger();
    this.abandoned = null;
    Atomics.store(this.#words, STATE, FREE);
    this.point.signal();
  }

  get heldByMe(): boolean {
    return Atomics.load(this.#words, STATE) === me();
  }

  get locked(): boolean {
    return Atomics.load(this.#words, STATE) !== FREE;
  }

  /** The system's thread id of the holder, or null. */
  get holder(): number | null {
    const state = Atomics.load(this.#words, STATE);
    return state !== FREE ? threadOf(state) : null;
  }

  get statistics(): MutexStatistics {
    const words = this.#words;
    return {
      acquisitions: words[ACQUISITIONS]! >>> 0,
      contended: words[CONTENDED]! >>> 0,
      recovered: words[RECOVERED]! >>> 0,
    };
  }

  #taken(abandoned: Abandoned | null): true {
    const words = this.#words;
    this.abandoned = abandoned;
    words[HOLDER] = PROCESS_ID;
    words[ACQUISITIONS]!++;
    return true;
  }

  #spin(): boolean {
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.load(this.#words, STATE) === FREE && this.tryLock()) return true;
    }
    return false;
  }

  /** Asking the system about the holder costs 20 us, so not more often than every `interval`. */
  #recover(interval: number): boolean {
    const now = performance.now();
    if (now - this.#checked < interval) return false;
    this.#checked = now;
    const words = this.#words;
    const state = Atomics.load(words, STATE);
    if (state === FREE || !isDead(state)) return false;
    const abandoned = { pid: words[HOLDER]!, threadId: threadOf(state) };
    if (Atomics.compareExchange(words, STATE, state, me()) !== state) return false;
    words[RECOVERED]!++;
    return this.#taken(abandoned);
  }

  #refuseStranger(): never {
    const { holder } = this;
    throw new LockOwnershipError(
      holder === null
        ? "release: the lock is not held. Call release only after acquire has returned true"
        : `release: the lock is held by thread ${holder} (process ${this.#words[HOLDER]}), not by this one. ` +
            `Only its holder may release it`,
    );
  }
}

export interface MutexStatistics {
  readonly acquisitions: number;
  /** Acquisitions that had to wait. */
  readonly contended: number;
  /** Taken over from holders that died. */
  readonly recovered: number;
}

export const MUTEX_WORDS = 8;
const STATE = 0;
const SEQUENCE = 1;
const HOLDER = 3;
const ACQUISITIONS = 4;
const CONTENDED = 5;
const RECOVERED = 6;

const FREE = 0;
const PROCESS_ID = process.pid;
/** About a microsecond: longer than a short critical section takes, shorter than going to sleep and being woken. */
const SPINS = 300;
/** A waiter barred by newcomers for this long gets precedence over them. */
const STARVING_MS = 5;
const RECHECK_MS = 10;
