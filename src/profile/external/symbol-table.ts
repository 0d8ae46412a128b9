const STT_NOTYPE = 0;
const STT_FUNC = 2;
/** Bytes of one entry of a symbol table. */
export const SYMBOL_BYTES = 24;

export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** A symbol found by address. */
export interface ElfSymbol {
  /** As the linker knows it (mangled). */
  readonly name: string;
  readonly address: number;
}

/** A symbol table as it lies in the file. */
export interface RawSymbols {
  readonly full: boolean;
  readonly entries: Buffer;
  readonly names: Buffer;
}

const NO_SYMBOLS: RawSymbols = { full: false, entries: Buffer.alloc(0), names: Buffer.alloc(0) };

/** Functions sorted by address; names are decoded on demand only. */
export class SymbolTable {
  readonly #starts: Float64Array;
  readonly #sizes: Uint32Array;
  readonly #nameOffsets: Uint32Array;
  readonly #names: Buffer;

  constructor(tables: readonly RawSymbols[]) {
    // The full table holds all that the dynamic one does.
    const { entries, names } = tables.find((t) => t.full) ?? tables[0] ?? NO_SYMBOLS;
    this.#names = names;
    const order = functionsByAddress(entries);
    this.#starts = Float64Array.from(order, (at) => word(entries, at + 8));
    this.#sizes = Uint32Array.from(order, (at) => entries.readUInt32LE(at + 16));
    this.#nameOffsets = Uint32Array.from(order, (at) => entries.readUInt32LE(at));
  }

  find(address: number): ElfSymbol | undefined {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    if (index < 0) return undefined;
    const start = this.#starts[index]!;
    // A symbol with a size ends there; a label without one (assembly, builtins) reaches to the next symbol.
    const size = this.#sizes[index]!;
    if (size > 0 && address >= start + size) return undefined;
    return { name: this.#name(index), address: start };
  }

  matching(pattern: RegExp): AddressRange[] {
    const found: AddressRange[] = [];
    for (let i = 0; i < this.#starts.length; i++) {
      if (this.#sizes[i] === 0 || !pattern.test(this.#name(i))) continue;
      found.push({ start: this.#starts[i]!, end: this.#starts[i]! + this.#sizes[i]! });
    }
    return found;
  }

  #name(index: number): string {
    return cString(this.#names, this.#nameOffsets[index]!);
  }
}

/** Where each function's entry lies in the table, by ascending address. */
function functionsByAddress(entries: Buffer): Float64Array {
  const count = entries.length / SYMBOL_BYTES;
  const keys = new Float64Array(count);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const at = i * SYMBOL_BYTES;
    const type = entries[at + 4]! & 15;
    // Labels without a type count: V8's builtins are such.
    if ((type !== STT_NOTYPE && type !== STT_FUNC) || entries.readUInt16LE(at + 6) === 0) continue;
    // Address and index in one number, so that the engine's fast numeric sort does the work.
    keys[kept++] = word(entries, at + 8) * count + i;
  }
  return keys
    .subarray(0, kept)
    .sort()
    .map((key) => (key % count) * SYMBOL_BYTES);
}

/** A 64-bit word; addresses and sizes in files are far below 2^53. */
export function word(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
}

/** The text at an offset, up to its zero byte. */
export function cString(bytes: Buffer, at: number): string {
  return bytes.toString("latin1", at, bytes.indexOf(0, at));
}
