import { type Alarm, type Clock, requireSeconds, useClock } from "../core/index.ts";
import { pendingRequests, turn } from "./turns.ts";

export interface VirtualClockOptions {
  /** Jump to the next timer whenever nothing else can move (default true); else only `advance` moves time. */
  readonly autojump?: boolean | undefined;
  /**
   * Real seconds of quiet before a jump (default 0). Files and names hold the clock by themselves as a rule; for a
   * test that waits for sockets, threads or children, give it what these may take. trio: `autojump_threshold`.
   */
  readonly threshold?: number | undefined;
  /** Where time begins, in seconds. */
  readonly start?: number | undefined;
}

interface Timer {
  readonly when: number;
  readonly fn: () => void;
  readonly unref: boolean;
  live: boolean;
}

/**
 * Time under a test's control. Every timeout, deadline and sleep of the package reads it while it is installed, so
 * that hours pass in milliseconds and always in the same order. With autojump, time moves on only when no task can:
 * two quiet turns of the event loop without I/O requests under way. Timers marked `unref` (warnings) fire when time
 * passes them, but time does not jump for their sake.
 */
export class VirtualClock implements Clock, Disposable {
  readonly #autojump: boolean;
  readonly #threshold: number;
  #now: number;
  #timers: Timer[] = [];
  #live = 0;
  #activity = 0;
  #driving = false;
  #watchers = 0;
  #endPause: (() => void) | undefined = undefined;
  #disposed = false;
  #uninstall: (() => void) | undefined;

  constructor(options: VirtualClockOptions = {}) {
    this.#autojump = options.autojump ?? true;
    this.#threshold = options.threshold ?? 0;
    this.#now = options.start ?? 0;
  }

  /** Makes this the clock of the package until `dispose`. */
  install(): this {
    this.#uninstall ??= useClock(this);
    return this;
  }

  now(): number {
    return this.#now;
  }

  /** Counts timers begun, ended and fired: a measure of whether anything moves. */
  get activity(): number {
    return this.#activity;
  }

  after(seconds: number, fn: () => void, options: { readonly unref?: boolean } = {}): () => void {
    if (seconds === Infinity) return () => {};
    const timer: Timer = {
      when: this.#now + Math.max(0, seconds),
      fn,
      unref: options.unref === true,
      live: true,
    };
    this.#insert(timer);
    this.#activity++;
    if (!timer.unref) this.#live++;
    if (this.#autojump) this.#drive();
    return () => {
      if (!timer.live) return;
      this.#retire(timer);
      this.#activity++;
    };
  }

  set(alarm: Alarm, seconds: number): number {
    const stop = this.after(seconds, () => {
      alarm.setBy = undefined;
      alarm.ring();
    });
    alarm.setBy = {
      take: () => {
        alarm.setBy = undefined;
        stop();
      },
    };
    return this.#now + seconds;
  }

  /** Moves time by `seconds`, firing what falls due in order and letting everything settle after each. */
  async advance(seconds: number): Promise<void> {
    const target = this.#now + requireSeconds("seconds", seconds);
    await this.settled();
    for (let next = this.#next(); next !== undefined && next.when <= target; next = this.#next()) {
      this.#now = Math.max(this.#now, next.when);
      this.#fire(next);
      await this.settled();
    }
    this.#now = target;
  }

  /** Resolves when nothing moves any more at this moment of time, which does not pass meanwhile. */
  async settled(): Promise<void> {
    this.#watchers++;
    try {
      await this.#quiet();
    } finally {
      this.#watchers--;
    }
  }

  async #quietEnough(): Promise<void> {
    let before: number;
    do {
      await this.#quiet();
      before = this.#activity;
      if (this.#threshold > 0 && !this.#disposed) await this.#pause();
    } while (this.#activity !== before && !this.#disposed);
  }

  /** Real time, cut short by `dispose`. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#threshold * 1000);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #quiet(): Promise<void> {
    let before: number;
    do {
      before = this.#activity;
      for (let i = 0; i < QUIET_TURNS; i++) await turn();
    } while (this.#activity !== before || pendingRequests());
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#endPause?.();
    this.#uninstall?.();
    this.#uninstall = undefined;
  }

  #drive(): void {
    if (this.#driving) return;
    this.#driving = true;
    void this.#jumpWhileBlocked();
  }

  async #jumpWhileBlocked(): Promise<void> {
    while (this.#live > 0 && !this.#disposed) {
      if ((this.#next()?.when ?? Infinity) > this.#now) await this.#quietEnough();
      else await turn();
      const next = this.#next();
      // Whoever waits for quiet at this moment goes first, and makes a move of its own.
      if (
        next === undefined ||
        (this.#watchers > 0 && next.when > this.#now) ||
        this.#disposed ||
        this.#live === 0
      )
        continue;
      this.#now = Math.max(this.#now, next.when);
      await this.#fireDue();
    }
    this.#driving = false;
  }

  /** Everything due now, with all microtasks run after each, as Node's own timers do it. */
  async #fireDue(): Promise<void> {
    const now = this.#now;
    for (let next = this.#next(); next !== undefined && next.when <= now; next = this.#next()) {
      this.#fire(next);
      await microtasksDone();
      if (this.#disposed) return;
    }
  }

  #fire(timer: Timer): void {
    this.#retire(timer);
    this.#activity++;
    timer.fn();
  }

  #retire(timer: Timer): void {
    timer.live = false;
    if (!timer.unref) this.#live--;
  }

  /** The next live timer; dead ones before it are dropped. */
  #next(): Timer | undefined {
    while (this.#head < this.#timers.length && !this.#timers[this.#head]!.live) this.#head++;
    if (this.#head > COMPACT_AT) {
      this.#timers = this.#timers.slice(this.#head);
      this.#head = 0;
    }
    return this.#timers[this.#head];
  }

  #head = 0;

  /** Sorted by time, equal times in the order they were set; most timers belong at the end. */
  #insert(timer: Timer): void {
    const timers = this.#timers;
    let low = this.#head;
    let high = timers.length;
    if (high === low || timers[high - 1]!.when <= timer.when) {
      timers.push(timer);
      return;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timers[middle]!.when <= timer.when) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
  }
}

/** Runs `fn(clock)` under a virtual clock. */
export async function withVirtualClock<T>(
  fn: (clock: VirtualClock) => T | PromiseLike<T>,
  options?: VirtualClockOptions,
): Promise<T> {
  const clock = new VirtualClock(options).install();
  try {
    return await fn(clock);
  } finally {
    clock[Symbol.dispose]();
  }
}

/** One turn drains every promise chain; the second is for what `setImmediate` callbacks began. */
const QUIET_TURNS = 2;
const COMPACT_AT = 1024;

/** Node runs next-tick callbacks only once the microtask queue is empty. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
