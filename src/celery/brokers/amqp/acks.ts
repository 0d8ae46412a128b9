import type { AmqpChannel, AmqpMessage } from "./link.ts";

/**
 * Acknowledgements of one channel. Those of one turn go out together, and with them a single "all up to here" for the
 * unbroken run at the front, which spares the server most of the work. On a channel that is gone they do nothing: the
 * server has requeued its messages long since.
 */
export class Acks {
  readonly #channel: AmqpChannel;
  /** In the order of delivery; true once acknowledged. */
  readonly #open = new Map<number, { readonly message: AmqpMessage; done: boolean }>();
  #waiting = 0;

  constructor(channel: AmqpChannel) {
    this.#channel = channel;
  }

  took(message: AmqpMessage): void {
    this.#open.set(message.fields.deliveryTag, { message, done: false });
  }

  ack({ fields }: AmqpMessage): void {
    const entry = this.#open.get(fields.deliveryTag);
    if (entry === undefined || entry.done) return;
    entry.done = true;
    if (this.#waiting++ === 0) setImmediate(() => this.flush());
  }

  reject(message: AmqpMessage, requeue: boolean): void {
    const entry = this.#open.get(message.fields.deliveryTag);
    if (entry === undefined || entry.done) return;
    this.#open.delete(message.fields.deliveryTag);
    this.#attempt(() => this.#channel.reject(message, requeue));
  }

  /** Sends what waits; to be called before the channel is closed. */
  flush(): void {
    if (this.#waiting === 0) return;
    this.#waiting = 0;
    let last: AmqpMessage | undefined;
    let unbroken = true;
    for (const [tag, { message, done }] of this.#open) {
      if (unbroken && !done) {
        unbroken = false;
        this.#send(last, true);
      }
      if (!done) continue;
      this.#open.delete(tag);
      if (unbroken) last = message;
      else this.#send(message, false);
    }
    if (unbroken) this.#send(last, true);
  }

  #send(message: AmqpMessage | undefined, allUpTo: boolean): void {
    if (message !== undefined) this.#attempt(() => this.#channel.ack(message, allUpTo));
  }

  #attempt(say: () => void): void {
    try {
      say();
    } catch {
      // The channel is closed.
    }
  }
}
