import { mapLimit } from "../asyncio/index.ts";
import { GreenletExit, type WaitOptions } from "../core/index.ts";
import { Greenlet, type KillOptions } from "./greenlet.ts";
import { iwait, joinall, killall } from "./wait.ts";

type Item<T> = Iterable<T> | AsyncIterable<T>;

/** A set of greenlets that forgets those that have ended. Python: `gevent.pool.Group`. */
export class Group implements Iterable<Greenlet<any>> {
  readonly #greenlets = new Set<Greenlet<any>>();
  readonly #forget = (greenlet: Greenlet<any>): void => this.discard(greenlet);

  get size(): number {
    return this.#greenlets.size;
  }

  [Symbol.iterator](): IterableIterator<Greenlet<any>> {
    return this.#greenlets.values();
  }

  has(greenlet: Greenlet<any>): boolean {
    return this.#greenlets.has(greenlet);
  }

  add(greenlet: Greenlet<any>): void {
    this.#include(greenlet);
  }

  discard(greenlet: Greenlet<any>): void {
    greenlet.unlink(this.#forget);
    this.#greenlets.delete(greenlet);
  }

  /** Starts an unstarted greenlet in the group. */
  start(greenlet: Greenlet<any>): void {
    this.add(greenlet);
    greenlet.start();
  }

  /** Starts `fn(...args)` as a greenlet of the group, as soon as there is room. */
  spawn<A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, ...args: A): Promise<Greenlet<R>> {
    return this.admit(new Greenlet<R>(fn, ...args));
  }

  /** Waits until the group is empty; gives whether it is. */
  async join(options: WaitOptions & { readonly raiseError?: boolean } = {}): Promise<boolean> {
    await joinall(this.#greenlets, options);
    return this.#greenlets.size === 0;
  }

  /** Kills them all and waits. */
  async kill(exception: Error = new GreenletExit(), options: KillOptions = {}): Promise<void> {
    await killall(this.#greenlets, exception, options);
  }

  /** Runs `fn` over the items, as many at once as the group admits, and gives the values in order. */
  map<T, R>(fn: (item: T) => R | PromiseLike<R>, items: Item<T>): Promise<R[]> {
    return mapLimit(items, this.limit, (item) => fn(item));
  }

  /** The same as a greenlet. */
  mapAsync<T, R>(fn: (item: T) => R | PromiseLike<R>, items: Item<T>): Greenlet<R[]> {
    const greenlet = new Greenlet<R[]>(() => this.map(fn, items));
    // It works for the others, and takes no place of theirs.
    this.#include(greenlet);
    greenlet.start();
    return greenlet;
  }

  /** Yields the values in the order of the items. */
  async *imap<T, R>(fn: (item: T) => R | PromiseLike<R>, items: Iterable<T>): AsyncGenerator<R> {
    const running: Greenlet<R>[] = [];
    try {
      for (const item of items) {
        running.push(await this.admit(taken<R>(fn, item)));
        while (running[0]?.ready()) yield await running.shift()!.get();
      }
      while (running.length > 0) yield await running.shift()!.get();
    } finally {
      await killall(running);
    }
  }

  /** Yields the values as they come. */
  async *imapUnordered<T, R>(fn: (item: T) => R | PromiseLike<R>, items: Iterable<T>): AsyncGenerator<R> {
    const running = new Set<Greenlet<R>>();
    try {
      for (const item of items) {
        running.add(await this.admit(taken<R>(fn, item)));
        for (const greenlet of running) {
          if (greenlet.ready() && running.delete(greenlet)) yield await greenlet.get();
        }
      }
      for await (const greenlet of iwait(running)) {
        running.delete(greenlet);
        yield await greenlet.get();
      }
    } finally {
      await killall(running);
    }
  }

  /** Runs `fn(...args)` in the group and gives its value. */
  async apply<A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, ...args: A): Promise<R> {
    return (await this.admit(taken<R>(fn, ...args))).get();
  }

  /** Most greenlets at once. */
  protected get limit(): number {
    return Infinity;
  }

  #include(greenlet: Greenlet<any>): void {
    if (this.#greenlets.has(greenlet)) return;
    this.#greenlets.add(greenlet);
    greenlet.follow(this.#forget);
  }

  /** Starts it as soon as there is room. */
  protected async admit<R>(greenlet: Greenlet<R>): Promise<Greenlet<R>> {
    this.start(greenlet);
    return greenlet;
  }
}

/** A greenlet whose error goes to whoever called, so that it need not be said besides. */
function taken<R>(fn: (...args: any[]) => R | PromiseLike<R>, ...args: unknown[]): Greenlet<R> {
  const greenlet = new Greenlet<R>(fn, ...args);
  greenlet.rawlink(() => {});
  return greenlet;
}
