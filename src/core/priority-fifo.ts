import { Fifo } from "./fifo.ts";

/**
 * First in, first out within a priority; a higher priority goes first. One plain Fifo as long as everybody uses
 * priority 0, which costs nothing extra. `push` and `shift` are O(number of distinct priorities) at worst.
 */
export class PriorityFifo<T> {
  readonly #usual = new Fifo<T>();
  /** The other priorities, highest first. */
  #others: { readonly priority: number; readonly items: Fifo<T> }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T, priority = 0): void {
    this.#size++;
    this.#queue(priority).push(value);
  }

  /** Puts work back at the front of its priority: it was taken but has not started. */
  unshift(value: T, priority = 0): void {
    this.#size++;
    this.#queue(priority).unshift(value);
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size--;
    if (this.#others.length === 0) return this.#usual.shift();
    return this.#first().shift();
  }

  peek(): T | undefined {
    if (this.#size === 0) return undefined;
    return this.#others.length === 0 ? this.#usual.peek() : this.#first().peek();
  }

  clear(): void {
    this.#usual.clear();
    this.#others = [];
    this.#size = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const other of this.#others) if (other.priority > 0) yield* other.items;
    yield* this.#usual;
    for (const other of this.#others) if (other.priority < 0) yield* other.items;
  }

  #queue(priority: number): Fifo<T> {
    if (priority === 0) return this.#usual;
    const found = this.#others.find((other) => other.priority === priority);
    if (found !== undefined) return found.items;
    const items = new Fifo<T>();
    this.#others.push({ priority, items });
    this.#others.sort((a, b) => b.priority - a.priority);
    return items;
  }

  /** The queue whose turn it is; queues that ran empty are dropped on the way. Only called when something is left. */
  #first(): Fifo<T> {
    this.#others = this.#others.filter((other) => other.items.size > 0);
    const top = this.#others[0];
    if (top !== undefined && (top.priority > 0 || this.#usual.size === 0)) return top.items;
    return this.#usual;
  }
}
