import { demangle } from "./demangle.ts";
import { type ElfFile, openElf } from "./elf.ts";
import type { AddressSpace, Mapping } from "./maps.ts";
import type { AddressRange } from "./symbol-table.ts";
import type { Stack } from "./stack-image.ts";

const COLLECTOR = /^_ZN2v88internal.*(Heap14CollectGarbage|Heap24PerformGarbageCollection|Heap9Scavenge)E/;
const BUILTIN = /^Builtins_/;

/** A native function by its address. */
export interface NativePlace {
  readonly name: string;
  readonly library: string;
}

/** What lies at the code addresses of a process: V8's generated code, the executable, the libraries. */
export class CodeMap {
  readonly #pid: number;
  readonly #space: AddressSpace;
  readonly #elf: ElfFile;
  readonly #executable: string;
  readonly #libraries = new Map<string, ElfFile | undefined>();
  #collector: readonly AddressRange[] | undefined;
  #builtins: AddressRange | undefined;

  constructor(pid: number, space: AddressSpace, elf: ElfFile, executable: string) {
    this.#pid = pid;
    this.#space = space;
    this.#elf = elf;
    this.#executable = executable;
  }

  /** True when V8 made the code at this address, by compiling or as one of its builtins. */
  isGenerated(pc: number): boolean {
    const mapping = this.#space.locate(pc);
    if (mapping?.executable !== true) return false;
    if (mapping.path === "") return true;
    if (mapping.path !== this.#executable) return false;
    // V8's builtins lie in the executable, from Node 22 on mapped a second time near the compiled code.
    this.#builtins ??= around(this.#elf.functions(BUILTIN));
    return holds(this.#builtins, pc - mapping.start + mapping.offset);
  }

  placeOf(address: number): NativePlace {
    const mapping = this.#space.locate(address);
    if (mapping === undefined || !mapping.executable) return { name: "[native]", library: "" };
    const symbol = this.#library(mapping)?.symbolAt(address - mapping.start + mapping.offset);
    const name = symbol === undefined ? mapping.path.replace(/^(?!\[).*/, "[native]") : demangle(symbol.name);
    return { name, library: mapping.path };
  }

  /** True when a return address into the garbage collector lies between the stack pointer and the exit from JavaScript. */
  collects(stack: Stack, exit: number): boolean {
    this.#collector ??= this.#whereMapped(this.#elf.functions(COLLECTOR));
    const near = around(this.#collector);
    for (let at = stack.sp; at < exit; at += 8) {
      const address = stack.pointer(at);
      if (holds(near, address) && this.#collector.some((range) => holds(range, address))) return true;
    }
    return false;
  }

  /** Addresses of parts of the executable that are given by their place in the file. */
  #whereMapped(parts: readonly AddressRange[]): AddressRange[] {
    return this.#space.mappings
      .filter((mapping) => mapping.executable && mapping.path === this.#executable)
      .flatMap(({ start, end, offset }) =>
        parts
          .filter((part) => part.start >= offset && part.end <= offset + end - start)
          .map((part) => ({ start: part.start - offset + start, end: part.end - offset + start })),
      );
  }

  #library(mapping: Mapping): ElfFile | undefined {
    if (mapping.path === this.#executable) return this.#elf;
    if (!mapping.path.startsWith("/")) return undefined;
    if (!this.#libraries.has(mapping.path)) this.#libraries.set(mapping.path, this.#open(mapping));
    return this.#libraries.get(mapping.path);
  }

  #open(mapping: Mapping): ElfFile | undefined {
    try {
      return openElf(`/proc/${this.#pid}/root${mapping.path}`);
    } catch {
      return undefined;
    }
  }
}

/** The smallest range that holds all of them. */
function around(ranges: readonly AddressRange[]): AddressRange {
  let [start, end] = [Infinity, -Infinity];
  for (const range of ranges) {
    start = Math.min(start, range.start);
    end = Math.max(end, range.end);
  }
  return { start, end };
}

function holds({ start, end }: AddressRange, address: number): boolean {
  return address >= start && address < end;
}
