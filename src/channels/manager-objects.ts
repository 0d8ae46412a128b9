/**
 * The objects of a manager and who can still reach them. A client holds an object from its first use on until its last
 * proxy was collected or it is gone; a proxy that was sent and has not been used over there counts too. What nobody can
 * reach any more is forgotten.
 *
 *     created by a client --hold--> held by clients --drop, client gone--> held by none, none on its way: forgotten
 *                                      '--travel--> on its way --first use (hold)--> held
 */
export class ManagerObjects {
  readonly #kept = new Map<number, Kept>();
  readonly #ids = new Map<unknown, number>();
  #next = 0;

  get size(): number {
    return this.#kept.size;
  }

  /** The number of an object; the same for the same object. */
  add(object: unknown): number {
    const known = this.#ids.get(object);
    if (known !== undefined) return known;
    const id = this.#next++;
    this.#ids.set(object, id);
    this.#kept.set(id, { object, holders: new Map(), travelling: 0 });
    return id;
  }

  /** The object for a client that uses it; undefined when it was forgotten. */
  hold(id: number, client: object): unknown {
    const kept = this.#kept.get(id);
    if (kept !== undefined && !kept.holders.has(client)) {
      kept.holders.set(client, 1);
      kept.travelling = Math.max(0, kept.travelling - 1);
    }
    return kept?.object;
  }

  /** A proxy of the object has arrived at a client, which may have others of it. For clients that tell of each. */
  arrive(id: number, client: object): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    kept.holders.set(client, (kept.holders.get(client) ?? 0) + 1);
    kept.travelling = Math.max(0, kept.travelling - 1);
  }

  /** A client sends a proxy of the object to somebody. */
  travel(id: number): void {
    const kept = this.#kept.get(id);
    if (kept !== undefined) kept.travelling++;
  }

  /** A proxy was collected, the client's only one unless it has told of more. */
  drop(id: number, client: object): void {
    const count = this.#kept.get(id)?.holders.get(client) ?? 0;
    if (count > 1) this.#kept.get(id)!.holders.set(client, count - 1);
    else this.#leave(id, client);
  }

  #leave(id: number, client: object): void {
    const kept = this.#kept.get(id);
    if (kept === undefined || !kept.holders.delete(client)) return;
    if (kept.holders.size > 0 || kept.travelling > 0) return;
    this.#kept.delete(id);
    this.#ids.delete(kept.object);
  }

  dropAll(client: object): void {
    const ids = Array.from(this.#kept.keys());
    for (const id of ids) this.#leave(id, client);
  }

  *[Symbol.iterator](): Generator<unknown> {
    for (const { object } of this.#kept.values()) yield object;
  }
}

interface Kept {
  readonly object: unknown;
  /** How many proxies each has. */
  readonly holders: Map<object, number>;
  travelling: number;
}
