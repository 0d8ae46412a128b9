import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ProfilerError } from "../../core/index.ts";
import {
  type AddressRange,
  type ElfSymbol,
  type RawSymbols,
  SYMBOL_BYTES,
  SymbolTable,
  cString,
  word,
} from "./symbol-table.ts";

const PT_LOAD = 1;
const PT_TLS = 7;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const STT_OBJECT = 1;
const STT_TLS = 6;
const SHT_NOTE = 7;
const NOTE_BUILD_ID = 3;
const CONSTANT_PREFIX = "v8dbg_";

interface Section {
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/**
 * A 64-bit little-endian ELF file: its symbols by name and by address, and the values of its `int` constants.
 * Read once per build id; the symbol table by address (about 50 ms for a Node binary) only on first use.
 */
export class ElfFile {
  readonly path: string;
  /** Hexadecimal, or the path when the file carries none. */
  readonly buildId: string;
  /** The `int` constants that V8 leaves in its binaries for debuggers (`v8dbg_...`), by name without the prefix. */
  constants: ReadonlyMap<string, number> = new Map();
  readonly #segments: readonly Segment[];
  readonly #sections: readonly Section[];
  readonly #read: (offset: number, length: number) => Buffer;
  readonly #functions = new Map<RegExp, readonly AddressRange[]>();
  #tables: readonly RawSymbols[] = [];
  #byAddress: SymbolTable | undefined;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#read = (offset, length) => readFully(fd, offset, length, path);
    const header = this.#read(0, 64);
    if (header.toString("latin1", 0, 6) !== "\x7fELF\x02\x01")
      throw new ProfilerError(`${path} is not a 64-bit ELF file`);
    this.#segments = this.#readSegments(header);
    this.#sections = this.#readSections(header);
    this.buildId = this.#readBuildId() ?? path;
  }

  /** Reads all that later queries need, so that the file can be closed. */
  load(): this {
    this.#tables = this.#readTables();
    this.constants = this.#readConstants();
    return this;
  }

  #readConstants(): Map<string, number> {
    const found = new Map<string, number>();
    for (const { name, value, section } of this.#symbols((type) => type === STT_OBJECT)) {
      const home = this.#sections[section];
      if (!name.startsWith(CONSTANT_PREFIX) || home === undefined) continue;
      const offset = value - home.address + home.offset;
      const number = home.type === SHT_NOBITS ? 0 : this.#read(offset, 4).readInt32LE(0);
      found.set(name.slice(CONSTANT_PREFIX.length), number);
    }
    return found;
  }

  /**
   * Where a thread-local variable of the main executable lies, relative to the thread pointer (x86-64, variant II);
   * undefined when there is none whose mangled name ends so.
   */
  threadLocalOffset(nameEnd: string): number | undefined {
    const tls = this.#segments.find((s) => s.type === PT_TLS);
    if (tls === undefined) return undefined;
    for (const { name, value } of this.#symbols((type) => type === STT_TLS)) {
      if (!name.endsWith(nameEnd)) continue;
      return value - Math.ceil(tls.memorySize / tls.align) * tls.align;
    }
    return undefined;
  }

  /**
   * Where a variable lies in a process whose image of this file begins (at file offset 0) at `base`; undefined when no
   * mangled name ends so.
   */
  objectAddress(nameEnd: string, base: number): number | undefined {
    const first = this.#segments.find((s) => s.type === PT_LOAD);
    if (first === undefined) return undefined;
    for (const { name, value } of this.#symbols((type) => type === STT_OBJECT)) {
      if (name.endsWith(nameEnd)) return base + value - (first.address - first.offset);
    }
    return undefined;
  }

  /** The symbol that holds a file offset (as /proc/PID/maps gives it), or undefined. */
  symbolAt(fileOffset: number): ElfSymbol | undefined {
    const segment = this.#segments.find(
      (s) => s.type === PT_LOAD && fileOffset >= s.offset && fileOffset < s.offset + s.fileSize,
    );
    if (segment === undefined) return undefined;
    return this.#addresses().find(fileOffset - segment.offset + segment.address);
  }

  /** Address ranges (as file offsets) of the functions whose mangled name matches. The answer is kept. */
  functions(pattern: RegExp): readonly AddressRange[] {
    let ranges = this.#functions.get(pattern);
    if (ranges === undefined) {
      ranges = this.#findFunctions(pattern);
      this.#functions.set(pattern, ranges);
    }
    return ranges;
  }

  #findFunctions(pattern: RegExp): AddressRange[] {
    return this.#addresses()
      .matching(pattern)
      .flatMap(({ start, end }) => {
        const segment = this.#segments.find(
          (s) => s.type === PT_LOAD && start >= s.address && start < s.address + s.memorySize,
        );
        if (segment === undefined) return [];
        const shift = segment.offset - segment.address;
        return [{ start: start + shift, end: end + shift }];
      });
  }

  #addresses(): SymbolTable {
    this.#byAddress ??= new SymbolTable(this.#tables);
    return this.#byAddress;
  }

  *#symbols(wanted: (type: number) => boolean): Generator<{ name: string; value: number; section: number }> {
    for (const { entries, names } of this.#tables) {
      for (let at = 0; at < entries.length; at += SYMBOL_BYTES) {
        const type = entries[at + 4]! & 15;
        if (!wanted(type)) continue;
        const section = entries.readUInt16LE(at + 6);
        if (section === 0) continue;
        const name = cString(names, entries.readUInt32LE(at));
        yield { name, value: word(entries, at + 8), section };
      }
    }
  }

  #readTables(): readonly RawSymbols[] {
    return this.#sections
      .filter((s) => s.type === SHT_SYMTAB || s.type === SHT_DYNSYM)
      .map((s) => {
        const names = this.#sections[s.link]!;
        return {
          full: s.type === SHT_SYMTAB,
          entries: this.#read(s.offset, s.size),
          names: this.#read(names.offset, names.size),
        };
      });
  }

  #readSegments(header: Buffer): Segment[] {
    const size = header.readUInt16LE(54);
    const table = this.#read(word(header, 32), size * header.readUInt16LE(56));
    return Array.from({ length: table.length / size }, (_, i) => {
      const at = i * size;
      return {
        type: table.readUInt32LE(at),
        offset: word(table, at + 8),
        address: word(table, at + 16),
        fileSize: word(table, at + 32),
        memorySize: word(table, at + 40),
        align: Math.max(1, word(table, at + 48)),
      };
    });
  }

  #readSections(header: Buffer): Section[] {
    const size = header.readUInt16LE(58);
    const count = header.readUInt16LE(60);
    if (count === 0) return [];
    const table = this.#read(word(header, 40), size * count);
    return Array.from({ length: count }, (_, i) => {
      const at = i * size;
      return {
        type: table.readUInt32LE(at + 4),
        address: word(table, at + 16),
        offset: word(table, at + 24),
        size: word(table, at + 32),
        link: table.readUInt32LE(at + 40),
      };
    });
  }

  #readBuildId(): string | undefined {
    for (const { type, offset, size } of this.#sections) {
      if (type !== SHT_NOTE || size < 16) continue;
      const note = this.#read(offset, size);
      if (note.readUInt32LE(8) !== NOTE_BUILD_ID || note.toString("latin1", 12, 15) !== "GNU") continue;
      return note.toString("hex", 16, 16 + note.readUInt32LE(4));
    }
    return undefined;
  }
}

const files = new Map<string, ElfFile>();

/** Opens an ELF file; one that was read before (same device, inode and time) is not read again. */
export function openElf(path: string): ElfFile {
  const fd = openSync(path, "r");
  try {
    const stat = fstatSync(fd);
    const key = `${stat.dev}:${stat.ino}:${stat.mtimeMs}`;
    const known = files.get(key);
    if (known !== undefined) return known;
    const file = sameBuild(new ElfFile(path, fd));
    files.set(key, file);
    return file;
  } finally {
    closeSync(fd);
  }
}

/** A copy of the same build elsewhere shares its tables. */
function sameBuild(file: ElfFile): ElfFile {
  for (const known of files.values()) if (known.buildId === file.buildId) return known;
  return file.load();
}

function readFully(fd: number, offset: number, length: number, path: string): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) throw new ProfilerError(`${path} ends at ${offset + done}, inside a table of its own`);
    done += count;
  }
  return bytes;
}
