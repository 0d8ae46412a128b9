import { BatchChannel, type Send, type Unsendable } from "./batch-channel.ts";
import { type Channel, Op } from "./protocol.ts";
import type { RingWriter } from "./ring.ts";
import { transport } from "./transport.ts";

/**
 * One direction between a pool and a worker, by two ways: messages carry anything, a ring in shared memory carries
 * small plain values at a fraction of the cost. Only one of them is in use at a time, so that records keep their order:
 *
 *   messages --SWITCH at the end of a message--> ring --SWITCH, or a record that is not for the ring--> messages
 */
export class Outbox implements Channel {
  readonly #messages: BatchChannel;
  readonly #publishEvery: number;
  #ring: RingWriter | undefined;
  #inRing = false;
  #unpublished = 0;
  /** Records since the start. */
  #sent = 0;
  /** Messages to be sent before the ring is tried again. */
  #pause = 0;
  /** What `#pause` will be next time: a stream of large values must not switch for each of them. */
  #nextPause = 1;

  constructor(send: Send, unsendable: Unsendable, publishEvery: number = PUBLISH) {
    this.#publishEvery = publishEvery;
    this.#messages = new BatchChannel(send, unsendable);
  }

  /** How many records have been posted. */
  get sent(): number {
    return this.#sent;
  }

  /** The other side reads this ring from now on when told to. */
  attach(ring: RingWriter): void {
    if (transport() !== "messages") this.#ring = ring;
  }

  post(op: Op, id: number, a?: unknown, b?: unknown, transfer?: readonly unknown[]): void {
    this.#sent++;
    if (this.#inRing) {
      if (transfer === undefined && this.#ring!.write(op, id, a, b)) {
        if (++this.#unpublished >= this.#publishEvery) this.#publish();
        return;
      }
      this.#leaveRing();
    }
    this.#messages.post(op, id, a, b, transfer);
  }

  flush(): void {
    if (this.#inRing) return this.#publish();
    const { pending } = this.#messages;
    if (pending === 0) return;
    if (this.#ring !== undefined && this.#pause-- <= 0) {
      this.#inRing = true;
      this.#messages.post(Op.SWITCH, 0);
    }
    this.#messages.flush();
  }

  #publish(): void {
    if (this.#unpublished > 0 && this.#nextPause > 1) this.#nextPause--;
    this.#unpublished = 0;
    if (this.#ring!.publish()) this.#messages.knock();
  }

  #leaveRing(): void {
    this.#inRing = false;
    this.#unpublished = 0;
    this.#ring!.close();
    if (this.#ring!.publish()) this.#messages.knock();
    this.#pause = this.#nextPause;
    this.#nextPause = Math.min(this.#nextPause * 2, LONGEST_PAUSE);
  }
}

/** Records after which the other side may begin with them, while more are being written, unless told otherwise. */
const PUBLISH = 128;
/** The same for tasks. A worker that has run all it had is asleep; each time it is told of more costs some microseconds. */
export const TASKS_TOGETHER = 512;
const LONGEST_PAUSE = 32;
