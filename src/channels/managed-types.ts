import { ArgumentError, invalid } from "../core/index.ts";

/** A dictionary in a manager. Keys are compared as in a Map. Python: `SyncManager.dict`. */
export class ManagedDict<K = unknown, V = unknown> {
  readonly #map: Map<K, V>;

  constructor(entries?: Iterable<readonly [K, V]> | Record<string, V>) {
    this.#map = new Map(iterableOf(entries) as Iterable<readonly [K, V]>);
  }

  get(key: K, fallback?: V): V | undefined {
    return this.#map.has(key) ? this.#map.get(key) : fallback;
  }
  set(key: K, value: V): void {
    this.#map.set(key, value);
  }
  has(key: K): boolean {
    return this.#map.has(key);
  }
  delete(key: K): boolean {
    return this.#map.delete(key);
  }
  /** Removes a key and returns its value, or the fallback. */
  pop(key: K, fallback?: V): V | undefined {
    const value = this.get(key, fallback);
    this.#map.delete(key);
    return value;
  }
  /** The value of a key; the given one is put there first if there is none. */
  setDefault(key: K, value: V): V {
    if (!this.#map.has(key)) this.#map.set(key, value);
    return this.#map.get(key)!;
  }
  /** Adds to a number and returns the sum: one step, so that no update is lost. */
  increment(key: K, amount: number = 1): number {
    const sum = ((this.#map.get(key) as number | undefined) ?? 0) + amount;
    this.#map.set(key, sum as V);
    return sum;
  }
  update(entries: Iterable<readonly [K, V]> | Record<string, V>): void {
    for (const [key, value] of iterableOf(entries)) this.#map.set(key as K, value as V);
  }
  clear(): void {
    this.#map.clear();
  }
  size(): number {
    return this.#map.size;
  }
  keys(): K[] {
    return [...this.#map.keys()];
  }
  values(): V[] {
    return [...this.#map.values()];
  }
  items(): [K, V][] {
    return [...this.#map];
  }
  /** All of it, as a Map. */
  copy(): Map<K, V> {
    return new Map(this.#map);
  }
}

/** A list in a manager. Negative indices count from the end. Python: `SyncManager.list`. */
export class ManagedList<T = unknown> {
  readonly #items: T[];

  constructor(items: Iterable<T> = []) {
    this.#items = [...items];
  }

  get(index: number): T {
    return this.#items[this.#at(index)]!;
  }
  set(index: number, item: T): void {
    this.#items[this.#at(index)] = item;
  }
  append(item: T): void {
    this.#items.push(item);
  }
  extend(items: Iterable<T>): void {
    this.#items.push(...items);
  }
  insert(index: number, item: T): void {
    this.#items.splice(index, 0, item);
  }
  pop(index: number = -1): T {
    return this.#items.splice(this.#at(index), 1)[0]!;
  }
  remove(item: T): void {
    const at = this.#items.indexOf(item);
    if (at < 0) throw new ArgumentError("remove: the list has no such item");
    this.#items.splice(at, 1);
  }
  index(item: T): number {
    return this.#items.indexOf(item);
  }
  count(item: T): number {
    return this.#items.filter((other) => Object.is(other, item)).length;
  }
  length(): number {
    return this.#items.length;
  }
  slice(start?: number, end?: number): T[] {
    return this.#items.slice(start, end);
  }
  reverse(): void {
    this.#items.reverse();
  }
  sort(): void {
    this.#items.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }
  clear(): void {
    this.#items.length = 0;
  }

  #at(index: number): number {
    const at = index < 0 ? index + this.#items.length : index;
    if (!Number.isInteger(index) || at < 0 || at >= this.#items.length)
      throw invalid("index", index, `an index of a list of ${this.#items.length}`);
    return at;
  }
}

/** Names with values in a manager. Python: `SyncManager.Namespace`, with methods in the place of assignment. */
export class ManagedNamespace {
  readonly #values = new Map<string, unknown>();

  constructor(values: Record<string, unknown> = {}) {
    for (const [name, value] of Object.entries(values)) this.#values.set(name, value);
  }

  get(name: string): unknown {
    if (!this.#values.has(name)) throw new ArgumentError(`The namespace has no ${name}`);
    return this.#values.get(name);
  }
  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }
  delete(name: string): boolean {
    return this.#values.delete(name);
  }
  copy(): Record<string, unknown> {
    return Object.fromEntries(this.#values);
  }
}

/** One value in a manager. Python: `SyncManager.Value`. */
export class ManagedValue<T = unknown> {
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }
  set(value: T): void {
    this.#value = value;
  }
  /** Adds to a number and returns the sum, in one step. */
  add(amount: number): number {
    this.#value = ((this.#value as number) + amount) as T;
    return this.#value as number;
  }
}

function iterableOf(
  entries: Iterable<readonly [unknown, unknown]> | Record<string, unknown> | undefined,
): Iterable<readonly [unknown, unknown]> {
  if (entries === undefined) return [];
  return Symbol.iterator in entries
    ? (entries as Iterable<readonly [unknown, unknown]>)
    : Object.entries(entries);
}
