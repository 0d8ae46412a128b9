/**
 * Something that a clock rings once. Waits and deadlines are alarms themselves, so that the thousands of them that a
 * program may have cost no timer and no closure each.
 */
export interface Alarm {
  /** Called when its time has come; it is not set any more by then. Must not throw. */
  ring(): void;
  /** For the clock that set it, which also takes it back: `alarm.setBy?.take(alarm)`. */
  setBy: AlarmSetter | undefined;
  /** For the clock that set it: its place. */
  slot: number;
}

export interface AlarmSetter {
  /** Takes an alarm back before it rings. */
  take(alarm: Alarm): void;
}

/**
 * Alarms in the order of their time, behind one timer of Node's. The timer keeps the process alive as long as there is
 * an alarm. It is not moved when its alarm is taken back, since most are: it then finds out that it came for nothing.
 *
 * A binary heap, the times beside it in an array of plain numbers: setting costs O(1) for growing times, the usual
 * case, and taking back O(log n).
 */
export class Alarms implements AlarmSetter {
  readonly #now: () => number;
  readonly #heap: Alarm[] = [];
  readonly #times: number[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  #timerAt = Infinity;
  #ringing = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  set(alarm: Alarm, when: number): void {
    alarm.setBy = this;
    const last = this.#heap.length;
    this.#rise(last, alarm, when);
    if (alarm.slot === 0) this.#arm();
    if (last === 0) this.#timer?.ref();
  }

  take(alarm: Alarm): void {
    alarm.setBy = undefined;
    const { slot } = alarm;
    const moved = this.#heap.pop()!;
    const when = this.#times.pop()!;
    if (slot < this.#heap.length) {
      if (slot > 0 && when < this.#times[(slot - 1) >> 1]!) this.#rise(slot, moved, when);
      else this.#sink(slot, moved, when);
    }
    if (this.#heap.length === 0) this.#timer?.unref();
  }

  /** Sees to it that the timer comes no later than the first alarm. */
  #arm(): void {
    const when = this.#times[0]!;
    if (this.#ringing || when >= this.#timerAt) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const ms = Math.ceil((when - this.#now()) * 1000);
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(1, ms), LONGEST_TIMER_MS));
    this.#timerAt = when;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#ringing = true;
    this.#ringDue();
  };

  /** One at a time, with everything that it sets off done before the next, as for timers of Node's own. */
  readonly #ringDue = (): void => {
    if (this.#times.length > 0 && this.#times[0]! <= this.#now()) {
      const alarm = this.#heap[0]!;
      this.take(alarm);
      queueMicrotask(this.#afterMicrotasks);
      alarm.ring();
      return;
    }
    this.#ringing = false;
    if (this.#times.length > 0) this.#arm();
  };

  readonly #afterMicrotasks = (): void => process.nextTick(this.#ringDue);

  /** Puts `alarm` at `slot` or above it. */
  #rise(slot: number, alarm: Alarm, when: number): void {
    const heap = this.#heap;
    const times = this.#times;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (times[parent]! <= when) break;
      this.#put(slot, heap[parent]!, times[parent]!);
      slot = parent;
    }
    this.#put(slot, alarm, when);
  }

  /** Puts `alarm` at `slot` or below it. */
  #sink(slot: number, alarm: Alarm, when: number): void {
    const heap = this.#heap;
    const times = this.#times;
    for (let child = 2 * slot + 1; child < heap.length; child = 2 * slot + 1) {
      if (child + 1 < heap.length && times[child + 1]! < times[child]!) child++;
      if (times[child]! >= when) break;
      this.#put(slot, heap[child]!, times[child]!);
      slot = child;
    }
    this.#put(slot, alarm, when);
  }

  #put(slot: number, alarm: Alarm, when: number): void {
    this.#heap[slot] = alarm;
    this.#times[slot] = when;
    alarm.slot = slot;
  }
}

/** setTimeout fires at once beyond 2^31-1 ms; a timer that comes too early is set again. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
