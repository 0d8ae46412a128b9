import type { Window } from "../memory/index.ts";
import { Tag } from "./value-writer.ts";

/** Methods of every Buffer that its types leave out; `toString` does the same with more ado. */
interface Text {
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
}

/** Reads what a ValueWriter wrote, value by value. */
export class ValueReader {
  /** The word to be read next. */
  at = 0;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #text: Text;
  readonly #shapes: (readonly string[])[] = [];

  constructor({ words, bytes }: Window) {
    this.#words = words;
    this.#doubles = new Float64Array(words.buffer, words.byteOffset, words.length >> 1);
    this.#text = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length) as unknown as Text;
  }

  read(): unknown {
    const word = this.#words[this.at++]!;
    switch (word & 0xff) {
      case Tag.SHORT:
        return word >> 8;
      case Tag.INT:
        return this.#words[this.at++];
      case Tag.DOUBLE: {
        const at = (this.at + 1) >> 1;
        this.at = (at + 1) << 1;
        return this.#doubles[at];
      }
      case Tag.TEXT:
      case Tag.WIDE_TEXT:
        return this.#string(word);
      case Tag.ARRAY:
        return this.#array(word >> 8);
      case Tag.RECORD:
        return this.#record(this.#shapes[word >> 8]!);
      case Tag.NEW_SHAPE:
        return this.#record(this.#shape(word >> 8));
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      default:
        return undefined;
    }
  }

  #string(word: number): string {
    const length = word >> 8;
    const start = this.at << 2;
    if ((word & 0xff) === Tag.WIDE_TEXT) {
      this.at += (length + 1) >> 1;
      return this.#text.ucs2Slice(start, start + 2 * length);
    }
    this.at += (length + 3) >> 2;
    return this.#text.latin1Slice(start, start + length);
  }

  #array(length: number): unknown[] {
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(this.read());
    return values;
  }

  #shape(count: number): readonly string[] {
    const keys: string[] = [];
    for (let i = 0; i < count; i++) keys.push(this.read() as string);
    this.#shapes.push(keys);
    return keys;
  }

  #record(keys: readonly string[]): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const key of keys) value[key] = this.read();
    return value;
  }
}
