import { offBell } from "./bell.ts";
import { EVERYBODY, Point } from "./point.ts";
import type { Segment } from "./segment.ts";

/** One event-loop wait: `resume` is called when the point changed, or to let the waiter look for itself. */
export interface Parked {
  resume(): void;
}

/** Parks until the point's sequence differs from `seen`. Waiters of one thread are served in order of arrival. */
export function park(point: Point, seen: number, parked: Parked): void {
  const lot = (point.segment.parked.get(point.word) as Lot | undefined) ?? new Lot(point.segment, point.word);
  lot.add(parked, seen);
}

/** Takes a waiter out; nothing happens if it is not there. */
export function unpark(point: Point, parked: Parked): void {
  (point.segment.parked.get(point.word) as Lot | undefined)?.remove(parked);
}

/**
 * How often waiters look for themselves, whatever they were told. It bounds how long a dead holder goes unnoticed,
 * and how long a wake-up that died with its receiver is missing; waking twenty times a second costs nothing measurable.
 */
export const LOOK_MS = 50;

/** The event-loop waiters of one thread at one point. */
class Lot {
  readonly #segment: Segment;
  readonly #word: number;
  readonly #queue = new Set<Parked>();
  /** Those who were called, found nothing, and keep their place at the head of the line. */
  readonly #head: Parked[] = [];
  readonly #rung = (): void => this.#check();
  /** The sequence up to which changes have been passed on to waiters. */
  #handled = 0;
  #armed = false;
  #called: Parked | null = null;
  #returned: Parked[] = [];

  constructor(segment: Segment, word: number) {
    this.#segment = segment;
    this.#word = word;
    segment.parked.set(word, this);
  }

  add(parked: Parked, seen: number): void {
    if (this.#size === 0) {
      this.#handled = seen;
      occupied.add(this);
      keepLooking();
    }
    if (parked === this.#called) this.#returned.push(parked);
    else this.#queue.add(parked);
    this.#arm();
  }

  remove(parked: Parked): void {
    const found = this.#queue.delete(parked);
    for (const others of found ? [] : [this.#head, this.#returned]) {
      const place = others.indexOf(parked);
      if (place >= 0) others.splice(place, 1);
    }
    if (this.#size === 0) this.#empty();
  }

  /** The first in line looks for itself. */
  look(): void {
    this.#check();
    if (this.#size > 0) this.#call(1);
  }

  get #size(): number {
    return this.#queue.size + this.#head.length + this.#returned.length;
  }

  #arm(): void {
    if (this.#armed && this.#segment.kind === "thread") {
      if (Atomics.load(this.#segment.words, this.#word) !== this.#handled) queueMicrotask(this.#rung);
      return;
    }
    if (this.#segment.arm(this.#word, this.#handled, this.#rung)) this.#armed = true;
    else queueMicrotask(this.#rung);
  }

  #check(): void {
    this.#armed = false;
    const now = Atomics.load(this.#segment.words, this.#word);
    const due = (now - this.#handled) | 0;
    this.#handled = now;
    if (this.#size === 0) this.#passOn(due);
    else {
      this.#call(due);
      if (this.#size > 0) this.#arm();
    }
  }

  /** Calls the first `count` in line; those who park again at once keep their places. */
  #call(count: number): void {
    const due = this.#head.splice(0, count);
    for (const parked of this.#queue) {
      if (due.length >= count) break;
      this.#queue.delete(parked);
      due.push(parked);
    }
    this.#returned = [];
    for (const parked of due) {
      this.#called = parked;
      parked.resume();
    }
    this.#called = null;
    this.#head.unshift(...this.#returned);
    this.#returned = [];
    if (this.#size === 0) this.#empty();
  }

  /** A wake-up that came for a waiter who has left goes to somebody else. */
  #passOn(due: number): void {
    if (this.#segment.parked.get(this.#word) === this) this.#segment.parked.delete(this.#word);
    if (due <= 0 || due >= EVERYBODY) return;
    this.#segment.wake(this.#word, due);
    new Point(this.#segment, this.#word).signal(due);
  }

  #empty(): void {
    occupied.delete(this);
    offBell(this.#rung);
    if (occupied.size === 0) ticker?.unref();
    if (!this.#armed && this.#segment.parked.get(this.#word) === this)
      this.#segment.parked.delete(this.#word);
  }
}

const occupied = new Set<Lot>();
let ticker: NodeJS.Timeout | null = null;

/** Runs while somebody waits, which also keeps the event loop alive: neither bells nor waitAsync do. */
function keepLooking(): void {
  ticker ??= setInterval(() => {
    // A copy: a waiter that parks again during its look would be looked at for ever.
    const lots = Array.from(occupied);
    for (const lot of lots) lot.look();
    if (occupied.size > 0) return;
    clearInterval(ticker!);
    ticker = null;
  }, LOOK_MS);
  ticker.ref();
}
