import { Op, type Receive } from "./protocol.ts";
import type { RingReader } from "./ring.ts";
import { unbatch } from "./batch-channel.ts";

export interface InboxOptions {
  readonly receive: Receive;
  /** Called after each burst of records. */
  readonly after: () => void;
}

/**
 * The receiving end of an Outbox. While the ring is in use it is looked at in each turn of the event loop for as long as
 * something comes; then the thread parks, and costs nothing.
 */
export class Inbox {
  readonly #receive: Receive;
  readonly #after: () => void;
  #ring: RingReader | undefined;
  #inRing = false;
  #polling = false;
  #emptyTurns = 0;
  /** Empty turns before the thread parks. */
  #patience = LEAST_PATIENCE;
  #parkedAt = 0;
  #closed = false;

  constructor(options: InboxOptions) {
    this.#after = options.after;
    const { receive } = options;
    this.#receive = (op, id, a, b) => {
      if (op === Op.SWITCH) this.#inRing = true;
      else receive(op, id, a, b);
    };
  }

  attach(ring: RingReader): void {
    this.#ring = ring;
  }

  /** A message: what the ring still holds came before it. An empty one says that the ring holds something. */
  message(batch: readonly unknown[]): void {
    if (this.#parkedAt > 0) this.#learn();
    if (this.#inRing) this.#readRing();
    unbatch(batch, this.#receive);
    this.#after();
    if (this.#inRing) this.#poll();
  }

  /** The other side has ended: takes what it left in the ring. */
  close(): void {
    if (this.#inRing) this.#readRing();
    this.#closed = true;
  }

  #readRing(most: number = Infinity): void {
    if (this.#ring!.read(this.#receive, most)) this.#inRing = false;
  }

  #poll(): void {
    this.#emptyTurns = 0;
    if (this.#polling) return;
    this.#polling = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#polling = false;
    if (!this.#inRing || this.#closed) return;
    if (this.#ring!.empty) {
      if (++this.#emptyTurns >= this.#patience) return this.#park();
    } else {
      this.#emptyTurns = 0;
      this.#readRing(RECORDS_A_TURN);
      this.#after();
    }
    this.#polling = true;
    setImmediate(this.#turn);
  };

  #park(): void {
    if (this.#ring!.park()) this.#parkedAt = performance.now();
    else this.#poll();
  }

  /** To sleep and be woken takes tens of microseconds: where the sleep is that short, looking on is better. */
  #learn(): void {
    const isShort = performance.now() - this.#parkedAt < SHORT_SLEEP_MS;
    this.#patience = isShort
      ? Math.min(this.#patience * 2, MOST_PATIENCE)
      : Math.max(this.#patience >> 1, LEAST_PATIENCE);
    this.#parkedAt = 0;
  }
}

/** Turns of the event loop without anything new, a microsecond or two each. */
const LEAST_PATIENCE = 4;
const MOST_PATIENCE = 64;
/** What follows from these is to reach the other side while it is still awake. */
const RECORDS_A_TURN = 128;
const SHORT_SLEEP_MS = 0.1;
