import type { ChordCounter, ChordPart, ChordParts } from "./backend.ts";

interface Count {
  size: number | undefined;
  extra: number;
  readonly parts: Map<string, { readonly index: number; readonly part: ChordParts[number] }>;
}

/** A chord counter in this process's memory. */
export class MemoryChordCounter implements ChordCounter {
  readonly #counts = new Map<string, Count>();

  async setSize(groupId: string, size: number): Promise<void> {
    this.#count(groupId).size = size;
  }

  async grow(groupId: string, by: number): Promise<void> {
    this.#count(groupId).extra += by;
  }

  async addPart(part: ChordPart): Promise<ChordParts | null> {
    const count = this.#count(part.groupId);
    count.parts.set(part.taskId, {
      index: part.groupIndex ?? Infinity,
      part: [1, part.taskId, part.state, part.result],
    });
    if (count.size === undefined || count.parts.size < count.size + count.extra) return null;
    return [...count.parts.values()].sort((a, b) => a.index - b.index).map((entry) => entry.part);
  }

  async finish(groupId: string): Promise<void> {
    this.#counts.delete(groupId);
  }

  #count(groupId: string): Count {
    let count = this.#counts.get(groupId);
    if (count === undefined)
      this.#counts.set(groupId, (count = { size: undefined, extra: 0, parts: new Map() }));
    return count;
  }
}
