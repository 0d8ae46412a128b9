import type { Channel, Op, Receive } from "./protocol.ts";

/** How a batch leaves; throws when something in it cannot be cloned. */
export type Send = (batch: unknown[], transfer: readonly unknown[]) => void;

/** Told about a record that cannot be cloned; the records around it have been sent. */
export type Unsendable = (op: Op, id: number, error: unknown) => void;

/**
 * Messages in batches: all records up to a flush travel as one flat array, which saves most of the cost of a message
 * (about 3 us; a record in a batch adds some 0.3 us).
 */
export class BatchChannel implements Channel {
  readonly #send: Send;
  readonly #unsendable: Unsendable;
  #batch: unknown[] = [];
  #transfer: unknown[] = [];

  constructor(send: Send, unsendable: Unsendable) {
    this.#send = send;
    this.#unsendable = unsendable;
  }

  /** Records waiting for the next flush. */
  get pending(): number {
    return this.#batch.length / WIDTH;
  }

  post(op: Op, id: number, a?: unknown, b?: unknown, transfer?: readonly unknown[]): void {
    this.#batch.push(op, id, a, b);
    if (transfer !== undefined && transfer.length > 0) this.#transfer.push(...transfer);
  }

  /** An empty message: whoever receives it looks around. */
  knock(): void {
    this.#send([], []);
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    const transfer = this.#transfer;
    this.#batch = [];
    if (transfer.length > 0) this.#transfer = [];
    try {
      this.#send(batch, transfer);
    } catch (error) {
      if (batch.length === WIDTH) this.#unsendable(batch[0] as Op, batch[1] as number, error);
      else this.#oneByOne(batch, transfer);
    }
  }

  /** Finds the record that cannot be cloned by sending each alone. A transfer list goes to the record that holds it. */
  #oneByOne(batch: unknown[], transfer: readonly unknown[]): void {
    for (let i = 0; i < batch.length; i += WIDTH) {
      const record = batch.slice(i, i + WIDTH);
      try {
        this.#send(record, transfer.length > 0 ? transfer.filter((item) => holds(record, item)) : transfer);
      } catch (error) {
        this.#unsendable(record[0] as Op, record[1] as number, error);
      }
    }
  }
}

/** Hands the records of a received batch over, one by one. */
export function unbatch(batch: readonly unknown[], receive: Receive): void {
  for (let i = 0; i < batch.length; i += WIDTH)
    receive(batch[i] as number, batch[i + 1] as number, batch[i + 2], batch[i + 3]);
}

/** Values in a record: operation, id, a, b. */
const WIDTH = 4;

/** Whether `item` is found in `value`, some levels deep. */
function holds(value: unknown, item: unknown, depth = 6): boolean {
  if (value === item) return true;
  if (typeof value !== "object" || value === null || depth === 0) return false;
  if (ArrayBuffer.isView(value)) return value.buffer === item;
  return Object.values(value).some((inner) => holds(inner, item, depth - 1));
}
