import { reduce } from "../closures/index.ts";
import { Block, type MemoryKind, allocate } from "../memory/index.ts";

/**
 * Lets the instances of a class cross to another thread or process: over there the function `revive`, exported by the
 * module `url`, makes the object again from what `state` gives here. The contract is that of `closures`.
 */
export function shareable<T>(
  type: abstract new (...args: never[]) => T,
  url: string,
  revive: string,
  state: (value: T, to: MemoryKind) => unknown,
): void {
  Object.defineProperty(type.prototype, reduce, {
    configurable: true,
    value(this: T, { to }: { readonly to: MemoryKind }) {
      return { revive: { url, name: revive }, state: state(this, to) };
    },
  });
}

/** Where a primitive lives: fresh memory of a kind, or a block that another thread or process sent. */
export type Home = MemoryKind | Block;

export function place(home: Home, words: number): Block {
  return home instanceof Block ? home : allocate(home, words * 4);
}
