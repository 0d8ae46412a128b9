import { ArgumentError, invalid, SerializationError } from "../core/index.ts";
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
  readonly #view: DataView;
  readonly length: number;

  /** With items: creates a list (of that name, if one is given). Without: attaches to the list of that name. */
  constructor(items?: Iterable<ShareableItem>, { name }: { readonly name?: string } = {}) {
    if (items === undefined && name !== undefined) {
      this.shm = new SharedMemory({ name });
      this.#view = new DataView(this.shm.buf.buffer);
      this.length = Number(this.#view.getBigInt64(0, true));
      return;
    }
    const list = [...(items ?? [])];
    const sizes = list.map(roomFor);
    const data = sizes.reduce((sum, size) => sum + size, 0);
    const size = 8 * (list.length + 2) + data + list.length * 9;
    this.shm = new SharedMemory({ create: true, size, ...(name !== undefined && { name }) });
    this.#view = new DataView(this.shm.buf.buffer);
    this.length = list.length;
    this.#layOut(sizes);
    list.forEach((item, index) => this.#write(index, item));
  }

  /** Negative indices count from the end. */
  get(index: number): ShareableItem {
    const at = this.#at(index);
    const offset = this.#dataStart + this.#offset(at);
    switch (this.#view.getInt8(this.#codes + at)) {
      case TEXT:
        return new TextDecoder().decode(this.#trimmed(at));
      case BYTES:
        return Uint8Array.from(this.#trimmed(at));
      case NONE:
        return null;
    }
    const format = this.#format(at);
    if (format === BOOLEAN_FORMAT) return this.#view.getUint8(offset + 7) !== 0;
    if (format === "d") return this.#view.getFloat64(offset, true);
    const integer = this.#view.getBigInt64(offset, true);
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
    return Number(this.#view.getBigInt64(8 * (index + 1), true));
  }

  #layOut(sizes: readonly number[]): void {
    this.#view.setBigInt64(0, BigInt(sizes.length), true);
    let offset = 0;
    sizes.forEach((size, index) => {
      this.#view.setBigInt64(8 * (index + 1), BigInt(offset), true);
      offset += size;
    });
    this.#view.setBigInt64(8 * (sizes.length + 1), BigInt(offset), true);
  }

  #write(index: number, item: ShareableItem): void {
    const offset = this.#dataStart + this.#offset(index);
    const room = this.#offset(index + 1) - this.#offset(index);
    const [format, code] = describeItem(item, room);
    if (code === TEXT || code === BYTES) this.#writeBytes(offset, room, bytesOf(item as string | Uint8Array));
    else if (typeof item === "boolean") this.#view.setUint8(offset + 7, item ? 1 : 0);
    else if (format === "d") this.#view.setFloat64(offset, item as number, true);
    else if (item !== null) this.#view.setBigInt64(offset, BigInt(item as number), true);
    this.#writeBytes(this.#formats + 8 * index, 8, Buffer.from(format, "latin1"));
    this.#view.setInt8(this.#codes + index, code);
  }

  #writeBytes(offset: number, room: number, bytes: Uint8Array): void {
    if (bytes.length > room)
      throw new ArgumentError(
        `The item takes ${bytes.length} bytes and has room for ${room}: make the first one longer`,
      );
    this.shm.buf.fill(0, offset, offset + room).set(bytes, offset);
  }

  #format(index: number): string {
    const at = this.#formats + 8 * index;
    return Buffer.from(this.shm.buf.subarray(at, at + 8))
      .toString("latin1")
      .replace(/\0+$/, "");
  }

  #trimmed(index: number): Uint8Array {
    const from = this.#dataStart + this.#offset(index);
    let end = this.#dataStart + this.#offset(index + 1);
    while (end > from && this.#view.getUint8(end - 1) === 0) end--;
    return this.shm.buf.subarray(from, end);
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
