import { Event as Flag } from "../asyncio/index.ts";
import { TimeoutError, type WaitOptions } from "../core/index.ts";
import { ranOutOfTime } from "./out-of-time.ts";

/** Callbacks of something that becomes ready. */
class Links<O> {
  readonly #links = new Set<(object: O) => void>();

  add(object: O, ready: boolean, fn: (object: O) => void): void {
    if (ready) queueMicrotask(() => fn(object));
    else this.#links.add(fn);
  }

  remove(fn: (object: O) => void): void {
    this.#links.delete(fn);
  }

  tell(object: O): void {
    const links = [...this.#links];
    this.#links.clear();
    for (const fn of links) fn(object);
  }
}

/** A flag; `wait` gives whether it came up in time. Python: `gevent.event.Event`. */
export class Event {
  readonly #flag = new Flag();
  readonly #links = new Links<Event>();

  isSet(): boolean {
    return this.#flag.isSet();
  }

  ready(): boolean {
    return this.#flag.isSet();
  }

  set(): void {
    this.#flag.set();
    this.#links.tell(this);
  }

  clear(): void {
    this.#flag.clear();
  }

  wait(options: WaitOptions = {}): Promise<boolean> {
    return inTime(this.#flag, options);
  }

  rawlink(fn: (event: Event) => void): void {
    this.#links.add(this, this.ready(), fn);
  }

  unlink(fn: (event: Event) => void): void {
    this.#links.remove(fn);
  }
}

/** A value or error that is set once, for many who wait. Python: `gevent.event.AsyncResult`. */
export class AsyncResult<T> {
  readonly #flag = new Flag();
  readonly #links = new Links<AsyncResult<T>>();
  #value: T | undefined = undefined;
  #failure: { readonly error: unknown } | undefined = undefined;

  get value(): T | undefined {
    return this.#value;
  }

  get exception(): unknown {
    return this.#failure?.error ?? null;
  }

  ready(): boolean {
    return this.#flag.isSet();
  }

  successful(): boolean {
    return this.ready() && this.#failure === undefined;
  }

  set(value: T): void {
    this.#value = value;
    this.#failure = undefined;
    this.#done();
  }

  setException(error: unknown): void {
    this.#failure = { error };
    this.#done();
  }

  /** Waits for the value, or throws the error; TimeoutError after `timeout` seconds. */
  async get(options: WaitOptions = {}): Promise<T> {
    await this.#flag.wait(options);
    return this.getNowait();
  }

  /** The value or the error; TimeoutError when neither has been set. */
  getNowait(): T {
    if (!this.ready()) throw new TimeoutError("The result has not been set");
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#value as T;
  }

  /** Waits until it is set; gives the value, or undefined for an error or when time is up. */
  async wait(options: WaitOptions = {}): Promise<T | undefined> {
    await inTime(this.#flag, options);
    return this.#value;
  }

  rawlink(fn: (result: AsyncResult<T>) => void): void {
    this.#links.add(this, this.ready(), fn);
  }

  unlink(fn: (result: AsyncResult<T>) => void): void {
    this.#links.remove(fn);
  }

  #done(): void {
    this.#flag.set();
    this.#links.tell(this);
  }
}

async function inTime(flag: Flag, options: WaitOptions): Promise<boolean> {
  try {
    await flag.wait(options);
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
  }
  return flag.isSet();
}
