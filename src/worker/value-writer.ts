import { types } from "node:util";
import type { Window } from "../memory/index.ts";

const { isProxy } = types;

/**
 * Small plain values as words in shared memory; value-reader.ts is the other half. A value is a word `payload << 8 |
 * tag` and what the tag says. The keys of an object are written once: the first object with these keys brings them
 * along, later ones name them by number.
 *
 * What is not small and plain is refused, not written in some other way: `write` says false, and the record travels
 * by structured clone. Among that is whatever occurs twice, so that the identity of objects is kept.
 */
export class ValueWriter {
  /** The word to be written next. */
  at = 0;
  /** The first word that is not to be written any more. */
  limit = 0;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #root = new Shape("", { nodes: 0 });
  /** By number; the last ones may belong to the record that is just being written. */
  readonly #shapes: Shape[] = [];
  /** Objects of the record so far. */
  readonly #seen: object[] = [];
  #seenCount = 0;
  #settledShapes = 0;

  constructor({ words, bytes }: Window) {
    this.#words = words;
    this.#bytes = bytes;
    this.#doubles = new Float64Array(words.buffer, words.byteOffset, words.length >> 1);
  }

  /** To be called before the values of a record. */
  begin(at: number, limit: number): void {
    this.at = at;
    this.limit = limit;
    this.#seenCount = 0;
    this.#settledShapes = this.#shapes.length;
  }

  /** The record is not sent: the shapes that it would have brought along are not known on the other side. */
  undo(): void {
    while (this.#shapes.length > this.#settledShapes) this.#shapes.pop()!.number = -1;
  }

  /** False when the value is not for this codec; the record is then spoilt. */
  write(value: unknown): boolean {
    if (this.at + LARGEST_SCALAR > this.limit) return false;
    switch (typeof value) {
      case "number":
        this.#number(value);
        return true;
      case "string":
        return this.#string(value);
      case "undefined":
        this.#words[this.at++] = Tag.UNDEFINED;
        return true;
      case "boolean":
        this.#words[this.at++] = value ? Tag.TRUE : Tag.FALSE;
        return true;
      case "object":
        if (value !== null) return this.#object(value);
        this.#words[this.at++] = Tag.NULL;
        return true;
      default:
        return false;
    }
  }

  /** The arguments of a call: an array that was made here, so that there is nothing to find out about it. */
  writeList(items: readonly unknown[]): boolean {
    const { length } = items;
    if (length > MOST_ITEMS || this.at === this.limit) return false;
    this.#words[this.at++] = (length << 8) | Tag.ARRAY;
    for (let i = 0; i < length; i++) if (!this.write(items[i])) return false;
    return true;
  }

  #number(value: number): void {
    const small = value | 0;
    if (small === value && (small !== 0 || 1 / value > 0)) {
      if ((small << 8) >> 8 === small) this.#words[this.at++] = (small << 8) | Tag.SHORT;
      else {
        this.#words[this.at++] = Tag.INT;
        this.#words[this.at++] = small;
      }
      return;
    }
    this.#words[this.at] = Tag.DOUBLE;
    const at = (this.at + 2) >> 1;
    this.#doubles[at] = value;
    this.at = (at + 1) << 1;
  }

  #string(value: string): boolean {
    const { length } = value;
    if (length > LONGEST_TEXT || this.at + 1 + (length >> 1) + 1 > this.limit) return false;
    const bytes = this.#bytes;
    const start = (this.at + 1) << 2;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0xff) return this.#wide(value);
      bytes[start + i] = code;
    }
    this.#words[this.at] = (length << 8) | Tag.TEXT;
    this.at += 1 + ((length + 3) >> 2);
    return true;
  }

  #wide(value: string): boolean {
    const { length } = value;
    const bytes = this.#bytes;
    const start = (this.at + 1) << 2;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      bytes[start + 2 * i] = code;
      bytes[start + 2 * i + 1] = code >> 8;
    }
    this.#words[this.at] = (length << 8) | Tag.WIDE_TEXT;
    this.at += 1 + ((length + 1) >> 1);
    return true;
  }

  #object(value: object): boolean {
    const seen = this.#seen;
    const count = this.#seenCount;
    for (let i = 0; i < count; i++) if (seen[i] === value) return false;
    if (count === MOST_OBJECTS) return false;
    seen[count] = value;
    this.#seenCount = count + 1;
    // Structured clone refuses proxies, so that whether one passes would depend on the way that is in use.
    if (isProxy(value)) return false;
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === Array.prototype) return this.#array(value as unknown[]);
    return proto === Object.prototype && this.#record(value as Record<string, unknown>);
  }

  #array(value: unknown[]): boolean {
    const { length } = value;
    if (length > MOST_ITEMS || Object.keys(value).length !== length) return false;
    this.#words[this.at++] = (length << 8) | Tag.ARRAY;
    for (let i = 0; i < length; i++) {
      const item = value[i];
      if (item === undefined && !(i in value)) return false;
      if (!this.write(item)) return false;
    }
    return true;
  }

  #record(value: Record<string, unknown>): boolean {
    const keys = Object.keys(value);
    if (keys.length > MOST_ITEMS) return false;
    let shape: Shape = this.#root;
    for (const key of keys) shape = shape.next(key);
    if (shape.number >= 0) this.#words[this.at++] = (shape.number << 8) | Tag.RECORD;
    else if (!this.#newShape(shape, keys)) return false;
    for (const key of keys) if (!this.write(value[key])) return false;
    return true;
  }

  #newShape(shape: Shape, keys: readonly string[]): boolean {
    if (this.#shapes.length === MOST_SHAPES || keys.includes("__proto__")) return false;
    this.#words[this.at++] = (keys.length << 8) | Tag.NEW_SHAPE;
    for (const key of keys) if (!this.write(key)) return false;
    shape.number = this.#shapes.push(shape) - 1;
    return true;
  }
}

/** A list of keys in order, as a node in the tree of all such lists. */
class Shape {
  /** -1: the other side does not know it. */
  number = -1;
  readonly #key: string;
  readonly #tree: { nodes: number };
  #last: Shape | undefined;
  #children: Map<string, Shape> | undefined;

  constructor(key: string, tree: { nodes: number }) {
    this.#key = key;
    this.#tree = tree;
  }

  next(key: string): Shape {
    if (this.#last !== undefined && this.#last.#key === key) return this.#last;
    let child = this.#children?.get(key);
    if (child === undefined) {
      child = new Shape(key, this.#tree);
      // Objects used as dictionaries would grow the tree for ever; what is not kept is simply not recognised again.
      if (this.#tree.nodes >= MOST_NODES) return child;
      this.#tree.nodes++;
      (this.#children ??= new Map()).set(key, child);
    }
    this.#last = child;
    return child;
  }
}

export const Tag = {
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  /** The payload is the number. */
  SHORT: 4,
  INT: 5,
  /** At the next even word. */
  DOUBLE: 6,
  /** One byte a character; the payload is the length. */
  TEXT: 7,
  WIDE_TEXT: 8,
  ARRAY: 9,
  /** The payload is the number of the shape; values follow. */
  RECORD: 10,
  /** The payload is the number of keys; keys, then values follow. */
  NEW_SHAPE: 11,
} as const;

/** Words that any value but a text takes at most. */
const LARGEST_SCALAR = 4;
/** Copying character by character wins up to about here. */
const LONGEST_TEXT = 512;
const MOST_ITEMS = 64;
const MOST_OBJECTS = 16;
const MOST_SHAPES = 256;
const MOST_NODES = 4096;
