/**
 * A first-in first-out queue with O(1) push and shift (an array's own `shift` is linear once it is long).
 * Slots are reused in a ring that doubles when full and is dropped when the queue runs empty after a burst.
 */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(SMALLEST);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#ring.length * 2);
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = value;
    this.#size++;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    if (--this.#size === 0 && this.#ring.length > KEPT) this.#resize(SMALLEST);
    return value;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** Puts a value back at the front, for work that was taken but could not be started. */
  unshift(value: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#ring.length * 2);
    this.#head = (this.#head - 1 + this.#ring.length) & (this.#ring.length - 1);
    this.#ring[this.#head] = value;
    this.#size++;
  }

  /** Removes the first entry that is `value`; O(n), for cancellation. */
  remove(value: T): boolean {
    const kept = [...this];
    const index = kept.indexOf(value);
    if (index < 0) return false;
    kept.splice(index, 1);
    this.clear();
    for (const entry of kept) this.push(entry);
    return true;
  }

  clear(): void {
    this.#ring = new Array<T | undefined>(SMALLEST);
    this.#head = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T;
  }

  #resize(capacity: number): void {
    const values = [...this];
    this.#ring = new Array<T | undefined>(capacity);
    for (let i = 0; i < values.length; i++) this.#ring[i] = values[i];
    this.#head = 0;
  }
}

/** Powers of two, so that wrapping is a mask. */
const SMALLEST = 16;
/** A ring above this size is given back when it empties: a burst must not pin its memory for ever. */
const KEPT = 4096;
