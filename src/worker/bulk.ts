import { type Block, type BlockState, allocateAlone, receiveBlock } from "../memory/index.ts";
import { TYPES, type View, replaceLarge, typeOf } from "./large-arrays.ts";

/**
 * Large typed arrays on their way to another process: written into shared memory by one side, copied out by the other,
 * where a message would carry them through a pipe in pieces. The message keeps their place.
 *
 * A segment is used again when the reader has cleared its first word, so that its pages are made only once.
 */
interface BulkMessage {
  readonly batch: unknown[];
  readonly lifted: readonly Lifted[];
}

interface Lifted {
  readonly segment: number;
  /** The first time that the segment is spoken of. */
  readonly block: BlockState | undefined;
  readonly type: number;
  readonly length: number;
  /** In the batch, and within the array or object there. */
  readonly places: (readonly [index: number, key: string | number | undefined])[];
}

interface Slot {
  readonly number: number;
  readonly block: Block;
  known: boolean;
}

export class BulkWriter {
  readonly #slots: Slot[] = [];
  #bytes = 0;

  /** Sends the batch, large arrays by shared memory. `send` throws when something else in it cannot be cloned. */
  send(batch: unknown[], send: (message: unknown) => void): void {
    const lifted = new Map<View, Lifted>();
    const used: Slot[] = [];
    let light = batch;
    for (const [i, value] of batch.entries()) {
      const lighter = replaceLarge(value, (view, key) => {
        const one = lifted.get(view) ?? this.#write(view, used);
        if (one === undefined) return view;
        lifted.set(view, one);
        one.places.push([i, key]);
        return null;
      });
      if (lighter === value) continue;
      if (light === batch) light = [...batch];
      light[i] = lighter;
    }
    if (used.length === 0) return send(batch);
    try {
      send({ batch: light, lifted: [...lifted.values()] });
      for (const slot of used) slot.known = true;
    } catch (error) {
      for (const slot of used) slot.block.words[BUSY] = 0;
      throw error;
    }
  }

  /** Undefined when there is no room: then the message carries it. */
  #write(view: View, used: Slot[]): Lifted | undefined {
    const slot = this.#take(view.byteLength);
    if (slot === undefined) return undefined;
    used.push(slot);
    const { block, number, known } = slot;
    block.words[BUSY] = 1;
    block.bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), START);
    return {
      segment: number,
      block: known ? undefined : block.ship("process"),
      type: typeOf(view),
      length: view.length,
      places: [],
    };
  }

  #take(bytes: number): Slot | undefined {
    const free = this.#slots.find(
      ({ block }) => block.bytes.length >= bytes + START && Atomics.load(block.words, BUSY) === 0,
    );
    if (free !== undefined) return free;
    const size = Math.max(SMALLEST_SEGMENT, 2 ** Math.ceil(Math.log2(bytes + START)));
    if (this.#bytes + size > MOST_BYTES) return undefined;
    this.#bytes += size;
    const block = allocateAlone("process", size, true);
    const slot = { number: this.#slots.length, block, known: false };
    this.#slots.push(slot);
    return slot;
  }
}

export class BulkReader {
  readonly #blocks = new Map<number, Block>();

  /** The batch of a message, with the large arrays in their places. */
  read(message: unknown): unknown[] {
    if (Array.isArray(message)) return message;
    const { batch, lifted } = message as BulkMessage;
    for (const one of lifted) {
      const view = this.#copy(one);
      for (const [index, key] of one.places) {
        if (key === undefined) batch[index] = view;
        else (batch[index] as Record<string | number, unknown>)[key] = view;
      }
    }
    return batch;
  }

  #copy({ segment, block: state, type, length }: Lifted): View {
    const block = state === undefined ? this.#blocks.get(segment)! : receiveBlock(state);
    this.#blocks.set(segment, block);
    const { buffer, byteOffset } = block.bytes;
    const Type = TYPES[type]!;
    // Made from a view, its memory need not be cleared first.
    const view = new Type(new Type(buffer, byteOffset + START, length));
    Atomics.store(block.words, BUSY, 0);
    return view;
  }
}

const BUSY = 0;
const START = 64;
const SMALLEST_SEGMENT = 2 ** 20;
/** Memory of one direction to one worker, kept as long as the worker lives; what finds no room goes by message. */
const MOST_BYTES = 128 * 2 ** 20;
