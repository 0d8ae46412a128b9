import { requireFunction } from "../core/index.ts";
import { Queue, type Store } from "./queue.ts";

/** Negative when `a` goes first, as for `Array.prototype.sort`. */
export type Comparator<T> = (a: T, b: T) => number;

/**
 * A queue that gives the smallest item first; equal items in the order they came. By default numbers, strings and
 * arrays of them (like Python's tuples, `[priority, item]`) are compared; give a comparator for anything else.
 * Put and take cost O(log n). Python: `asyncio.PriorityQueue`.
 */
export class PriorityQueue<T> extends Queue<T> {
  constructor(maxSize: number = 0, compare: Comparator<T> = compareNaturally) {
    requireFunction("compare", compare);
    super(maxSize, new Heap(compare));
  }
}

interface Entry<T> {
  readonly item: T;
  /** Order of arrival, which breaks ties. */
  readonly turn: number;
}

class Heap<T> implements Store<T> {
  readonly #compare: Comparator<T>;
  readonly #heap: Entry<T>[] = [];
  #turns = 0;

  constructor(compare: Comparator<T>) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(item: T): void {
    const heap = this.#heap;
    const entry = { item, turn: this.#turns++ };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  shift(): T | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length > 0) this.#sink(last!);
    return top?.item;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }

  #before(a: Entry<T>, b: Entry<T>): boolean {
    const order = this.#compare(a.item, b.item);
    return order < 0 || (order === 0 && a.turn < b.turn);
  }
}

function compareNaturally(a: unknown, b: unknown): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compareNaturally(a[i], b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  if ((a as number) < (b as number)) return -1;
  return (a as number) > (b as number) ? 1 : 0;
}
