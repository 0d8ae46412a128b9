import type { RawArray } from "../../src/multiprocessing/index.ts";

/**
 * The least that messages can cost that are copied into memory that two processes share, and out of it: a megabyte of
 * slots, two counters that both sides look at without rest, and nothing else. No queue of copies can be faster.
 */
export interface Slots {
  readonly bytes: RawArray<"B">;
  /** How many were filled, and a cache line further how many were emptied. */
  readonly counts: RawArray<"i">;
}

export const SLOTS = 16;
export const COUNTS = 32;

export function fillSlots({ bytes, counts }: Slots, size: number, times: number): void {
  const [to, words] = [bytes.view as Uint8Array, counts.view as Int32Array];
  const message = new Uint8Array(size);
  for (let i = 0; i < times; i++) {
    while (i - Atomics.load(words, EMPTIED) >= SLOTS);
    to.set(message, (i % SLOTS) * size);
    Atomics.store(words, FILLED, i + 1);
  }
}

export function emptySlots({ bytes, counts }: Slots, size: number, times: number): void {
  const [from, words] = [bytes.view as Uint8Array, counts.view as Int32Array];
  const copy = new Uint8Array(size);
  for (let i = 0; i < times; i++) {
    while (Atomics.load(words, FILLED) <= i);
    const at = (i % SLOTS) * size;
    copy.set(from.subarray(at, at + size));
    Atomics.store(words, EMPTIED, i + 1);
  }
}

const FILLED = 0;
const EMPTIED = 16;
