import { Queue, type Store } from "./queue.ts";

/** A queue that gives the newest item first. Python: `asyncio.LifoQueue`. */
export class LifoQueue<T> extends Queue<T> {
  constructor(maxSize: number = 0) {
    super(maxSize, new Stack<T>());
  }
}

class Stack<T> implements Store<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    return this.#items.pop();
  }

  clear(): void {
    this.#items.length = 0;
  }
}
