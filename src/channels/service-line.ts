import { Fifo, type WaitOptions } from "../core/index.ts";
import { allocate, me, type Point, POINT_WORDS, runAsync, type Steps, type Waiter } from "../memory/index.ts";

/** A message that was given out: its number, until it is settled or given back, and its bytes. */
export type Loan = readonly [number: number, message: Uint8Array];

/**
 * Messages in the order they were put, as a service keeps them for its clients. Whoever takes one has it on loan until
 * it says that the message arrived: a client that is killed while the message is on its way loses nothing, for what it
 * had not settled comes first in the line again.
 */
export abstract class ServiceLine {
  readonly #messages = new Fifo<Uint8Array>();
  readonly #loans = new Map<number, { readonly message: Uint8Array; readonly client: number }>();
  readonly #notEmpty: Point;
  readonly #notFull: Point;
  #bytes = 0;
  #next = 0;

  constructor() {
    const block = allocate("thread", POINT_WORDS * 8);
    this.#notEmpty = block.point(0);
    this.#notFull = block.point(POINT_WORDS);
  }

  /** Resolves with false when the time is up. */
  put(message: Uint8Array, options: WaitOptions): Promise<boolean> {
    return runAsync((waiter) => this.#put(waiter, message), options);
  }

  /** Puts the message only if that needs no waiting. */
  tryPut(message: Uint8Array): boolean {
    this.refusePut();
    if (!this.hasRoomFor(message)) return false;
    this.#messages.push(message);
    this.#bytes += message.length;
    this.#notEmpty.signal();
    return true;
  }

  /** Resolves with undefined when the time is up. */
  get(options: WaitOptions): Promise<Loan | undefined> {
    return runAsync((waiter) => this.#get(waiter), options);
  }

  tryGet(): Loan | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    this.#bytes -= message.length;
    this.#notFull.signal();
    this.#loans.set(this.#next, { message, client: me() });
    return [this.#next++, message];
  }

  /** Resolves with false when the time is up and there is nothing to get. */
  poll(options: WaitOptions): Promise<boolean> {
    return runAsync((waiter) => this.#poll(waiter), options);
  }

  /** A message has arrived with who took it. */
  settle(loan: number): void {
    this.#loans.delete(loan);
  }

  /** Who took a message does not want it: it is the first again. */
  giveBack(loan: number): void {
    const { message } = this.#loans.get(loan) ?? {};
    if (message === undefined) return;
    this.#loans.delete(loan);
    this.#messages.unshift(message);
    this.#bytes += message.length;
    this.#notEmpty.signal();
  }

  /** A client has ended, and with it what it had not settled. */
  clientGone(token: number): void {
    for (const [loan, { client }] of [...this.#loans].reverse()) if (client === token) this.giveBack(loan);
  }

  qsize(): number {
    return this.#messages.size;
  }

  /** Throws where no message can come any more. */
  protected abstract refuseGet(): void;
  /** Throws where no message can be put any more. */
  protected abstract refusePut(): void;
  protected abstract hasRoomFor(message: Uint8Array): boolean;

  /** How many bytes are to be taken. */
  protected get bytes(): number {
    return this.#bytes;
  }

  /** Returns how many messages those were. */
  protected dropAll(): number {
    const dropped = this.#messages.size;
    this.#messages.clear();
    this.#bytes = 0;
    return dropped;
  }

  /** Wakes everybody, to look at what has changed. */
  protected stir(): void {
    this.#notEmpty.broadcast();
    this.#notFull.broadcast();
  }

  *#put(waiter: Waiter, message: Uint8Array): Steps<boolean> {
    for (let late = false; ;) {
      const seen = waiter.announce(this.#notFull);
      if (this.tryPut(message)) {
        // What was taken may have made room for more than one.
        this.#notFull.signal();
        return true;
      }
      if (late) return false;
      late = yield { point: this.#notFull, seen };
    }
  }

  *#get(waiter: Waiter): Steps<Loan | undefined> {
    for (let late = false; ;) {
      const seen = waiter.announce(this.#notEmpty);
      const loan = this.tryGet();
      if (loan !== undefined || late) return loan;
      this.refuseGet();
      late = yield { point: this.#notEmpty, seen };
    }
  }

  *#poll(waiter: Waiter): Steps<boolean> {
    for (;;) {
      const seen = waiter.announce(this.#notEmpty);
      if (this.#messages.size > 0) {
        // This waiter takes nothing, so the wake-up it may have used up belongs to another.
        this.#notEmpty.signal();
        return true;
      }
      this.refuseGet();
      if (yield { point: this.#notEmpty, seen }) return this.#messages.size > 0;
    }
  }
}
