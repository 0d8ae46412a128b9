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
  #armed = false;
  #emptyTurns = 0;
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

  /** A message: what the ring still holds came before it. */
  message(batch: readonly unknown[]): void {
    if (this.#inRing) this.#readRing();
    unbatch(batch, this.#receive);
    this.#after();
    if (this.#inRing) this.#poll();
  }

  /** The other side has ended: takes what it left in the ring. */
  close(): void {
    if (this.#inRing) this.#readRing();
    this.#closed = true;
    this.#ring?.release(this.#rung);
  }

  #readRing(): void {
    if (this.#ring!.read(this.#receive)) this.#inRing = false;
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
      if (++this.#emptyTurns >= EMPTY_TURNS) return this.#park();
    } else {
      this.#emptyTurns = 0;
      this.#readRing();
      this.#after();
    }
    this.#polling = true;
    setImmediate(this.#turn);
  };

  #park(): void {
    if (this.#ring!.park(this.#rung, this.#armed)) this.#armed = true;
    else this.#poll();
  }

  readonly #rung = (): void => {
    if (!this.#armed || this.#closed) return;
    this.#armed = false;
    if (!this.#inRing) return;
    this.#readRing();
    this.#after();
    if (this.#inRing) this.#poll();
  };
}

/** Turns of the event loop without anything new, a microsecond or two each, before the thread parks. */
const EMPTY_TURNS = 4;
