import { ArgumentError, invalid, SerializationError, StateError } from "../core/index.ts";
import { shareable } from "./share.ts";
import { SharedMemory } from "./shared-memory.ts";

/** What a ShareableList holds. Integers are `bigint`s or whole `number`s, and come back as numbers while they are exact. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;

/**
 * A list of fixed length in shared memory. Items can be replaced; text and bytes only by such as fit the room of the
 * first ones. Python's `ShareableList(name=...)` reads and writes ours and the other way round.
 *
 * As in Python: items are not locked, and NUL bytes at the end of text and bytes are not kept.
 *
 * Layout: count | count + 1 offsets into the data | data | a `struct` format of 8 bytes each | a code of one byte each.
 */
export class ShareableList implements Iterable<ShareableItem> {
  static {
    shareable(this, import.meta.url, "attachShareableList", (it: ShareableList) => it.shm.name);
  }

  readonly shm: SharedMemory;
  readonly length: number;

  /** With items: creates a list (of that name, if one is given). Without: attaches to the list of that name. */
  constructor(items?: Iterable<ShareableItem>, { name }: { readonly name?: string } = {}) {
    if (items === undefined && name !== undefined) {
      this.shm = new SharedMemory({ name });
      this.length = this.#count();
      return;
    }
    const list = [...(items ?? [])];
    const sizes = list.map(roomFor);
    const data = sizes.reduce((sum, size) => sum + size, 0);
    const size = 8 * (list.length + 2) + data + list.length * 9;
    this.shm = new SharedMemory({ create: true, size, ...(name !== undefined && { name }) });
    this.length = list.length;
    this.#layOut(sizes);
    list.forEach((item, index) => this.#write(index, item));
  }

  /** Negative indices count from the end. */
  get(index: number): ShareableItem {
    const at = this.#at(index);
    const offset = this.#dataStart + this.#offset(at);
    switch (this.#look(this.#codes + at, 1).getInt8(0)) {
      case TEXT:
        return new TextDecoder().decode(this.#trimmed(at));
      case BYTES:
        return Uint8Array.from(this.#trimmed(at));
      case NONE:
        return null;
    }
    const format = this.#format(at);
    const stored = this.#look(offset, 8);
    if (format === BOOLEAN_FORMAT) return stored.getUint8(7) !== 0;
    if (format === "d") return stored.getFloat64(0, true);
    const integer = stored.getBigInt64(0, true);
    return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
  }

  /** Throws ArgumentError when text or bytes need more room than the item has. */
  set(index: number, item: ShareableItem): void {
    this.#write(this.#at(index), item);
  }

  /** The `struct` format of all items, as Python's `format`. */
  get format(): string {
    return Array.from({ length: this.length }, (_, index) => this.#format(index)).join("");
  }

  count(item: ShareableItem): number {
    return [...this].filter((other) => same(other, item)).length;
  }

  /** The first place of an item; -1 when there is none. */
  indexOf(item: ShareableItem): number {
    return [...this].findIndex((other) => same(other, item));
  }

  *[Symbol.iterator](): Generator<ShareableItem> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }

  get #dataStart(): number {
    return 8 * (this.length + 2);
  }

  get #formats(): number {
    return this.#dataStart + this.#offset(this.length);
  }

  get #codes(): number {
    return this.#formats + 8 * this.length;
  }

  #offset(index: number): number {
    return Number(this.#look(8 * (index + 1), 8).getBigInt64(0, true));
  }

  #layOut(sizes: readonly number[]): void {
    const head = new BigInt64Array(sizes.length + 2);
    head[0] = BigInt(sizes.length);
    sizes.forEach((size, index) => (head[index + 2] = head[index + 1]! + BigInt(size)));
    this.shm.write(new Uint8Array(head.buffer));
  }

  #write(index: number, item: ShareableItem): void {
    const offset = this.#dataStart + this.#offset(index);
    const room = this.#offset(index + 1) - this.#offset(index);
    const [format, code] = describeItem(item, room);
    this.#fill(offset, room, stored(item, format));
    this.#fill(this.#formats + 8 * index, 8, Buffer.from(format, "latin1"));
    this.shm.write(Uint8Array.of(code), this.#codes + index);
  }

  /** Writes bytes, and zeros behind them as far as there is room. */
  #fill(offset: number, room: number, bytes: Uint8Array): void {
    if (bytes.length > room)
      throw new ArgumentError(
        `The item takes ${bytes.length} bytes and has room for ${room}: make the first one longer`,
      );
    const whole = new Uint8Array(room);
    whole.set(bytes);
    this.shm.write(whole, offset);
  }

  /** The bytes where they lie; a copy of them where memory is not mapped. */
  #look(offset: number, length: number): DataView {
    if (this.shm.mapped) return new DataView(this.shm.buf.buffer, offset, length);
    return new DataView(this.shm.read(offset, length).buffer);
  }

  /** How many items the memory says it holds, if it can be a list. */
  #count(): number {
    const { name, size } = this.shm;
    const count = size < 16 ? -1 : Number(this.#look(0, 8).getBigInt64(0, true));
    // The last offset says how long the data are; behind it come nine bytes for each item.
    if (count >= 0 && 8 * (count + 2) <= size) {
      const data = Number(this.#look(8 * (count + 1), 8).getBigInt64(0, true));
      if (data >= 0 && 8 * (count + 2) + data + 9 * count <= size) return count;
    }
    throw new StateError(`The shared memory ${name} holds no ShareableList`);
  }

  #format(index: number): string {
    const at = this.#formats + 8 * index;
    return Buffer.from(bytesIn(this.#look(at, 8)))
      .toString("latin1")
      .replace(/\0+$/, "");
  }

  #trimmed(index: number): Uint8Array {
    const from = this.#offset(index);
    const bytes = bytesIn(this.#look(this.#dataStart + from, this.#offset(index + 1) - from));
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return bytes.subarray(0, end);
  }

  #at(index: number): number {
    const at = index < 0 ? index + this.length : index;
    if (!Number.isInteger(index) || at < 0 || at >= this.length)
      throw invalid("index", index, `an integer from ${-this.length} to ${this.length - 1}`);
    return at;
  }
}

const TEXT = 1;
const BYTES = 2;
const NONE = 3;
const BOOLEAN_FORMAT = "xxxxxxx?";

function describeItem(item: ShareableItem, room: number): [format: string, code: number] {
  if (typeof item === "string") return [`${room}s`, TEXT];
  if (item instanceof Uint8Array) return [`${room}s`, BYTES];
  if (item === null) return ["xxxxxx?x", NONE];
  if (typeof item === "boolean") return [BOOLEAN_FORMAT, 0];
  if (typeof item === "bigint") return ["q", 0];
  if (typeof item === "number") return [Number.isSafeInteger(item) && !Object.is(item, -0) ? "q" : "d", 0];
  throw new SerializationError(
    `A ShareableList holds numbers, booleans, text, bytes and null, not ${typeof item}`,
  );
}

/** The bytes that stand for an item. */
function stored(item: ShareableItem, format: string): Uint8Array {
  if (typeof item === "string" || item instanceof Uint8Array) return bytesOf(item);
  const view = new DataView(new ArrayBuffer(8));
  if (typeof item === "boolean") view.setUint8(7, item ? 1 : 0);
  else if (format === "d") view.setFloat64(0, item as number, true);
  else if (item !== null) view.setBigInt64(0, BigInt(item), true);
  return bytesIn(view);
}

function bytesIn({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Text and bytes get what they need, rounded up to more than it is, in eights. */
function roomFor(item: ShareableItem): number {
  if (typeof item !== "string" && !(item instanceof Uint8Array)) return 8;
  return 8 * (Math.floor(bytesOf(item).length / 8) + 1);
}

function bytesOf(item: string | Uint8Array): Uint8Array {
  return typeof item === "string" ? Buffer.from(item) : item;
}

function same(a: ShareableItem, b: ShareableItem): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}

/** The other side of a ShareableList's crossing; found by name. @public */
export function attachShareableList(name: string): ShareableList {
  return new ShareableList(undefined, { name });
}
