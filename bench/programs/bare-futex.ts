import { type Block, type BlockState, receiveBlock } from "../../src/memory/index.ts";
import { shareable } from "../../src/sync/index.ts";

/** One word in the memory of processes. */
export class RawWord {
  static {
    shareable(this, import.meta.url, "receiveWord", (it: RawWord, to) => it.block.ship(to));
  }

  readonly block: Block;

  constructor(block: Block) {
    this.block = block;
  }
}

export function receiveWord(state: BlockState): RawWord {
  return new RawWord(receiveBlock(state));
}

/** Two sides set the word in turn and wake each other: the least that two processes need to take turns. */
export function bounceBare({ block }: RawWord, side: number, times: number): void {
  const { segment, words } = block;
  const at = block.offset / 4;
  for (let i = 0; i < times; i++) {
    while (Atomics.load(words, 0) !== side) segment.sleep(at, 1 - side, 100);
    Atomics.store(words, 0, 1 - side);
    segment.wake(at, 1);
  }
  if (side === 0) while (Atomics.load(words, 0) !== 0) segment.sleep(at, 1, 100);
}

/** Gives the word to a side that waits in `awaitBare`. */
export function giveBare({ block }: RawWord, to: number): void {
  Atomics.store(block.words, 0, to);
  block.segment.wake(block.offset / 4, 1);
}

/** Sleeps until the word is this side's. */
export function awaitBare({ block }: RawWord, side: number): void {
  while (Atomics.load(block.words, 0) !== side) block.segment.sleep(block.offset / 4, 1 - side, 100);
}
