import { demangle } from "./demangle.ts";
import { type ElfFile, openElf } from "./elf.ts";
import type { AddressSpace, Mapping } from "./maps.ts";
import type { Stack } from "./stack-image.ts";

const COLLECTOR = /^_ZN2v88internal.*(Heap14CollectGarbage|Heap24PerformGarbageCollection|Heap9Scavenge)E/;

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
  #collector: readonly { start: number; end: number }[] | undefined;

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
    return this.#elf.symbolAt(pc - mapping.start + mapping.offset)?.name.startsWith("Builtins_") === true;
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
    this.#collector ??= this.#elf.functions(COLLECTOR);
    for (let at = stack.sp; at < exit; at += 8) {
      const address = stack.pointer(at);
      if (address === 0) continue;
      const mapping = this.#space.find(address);
      if (mapping?.executable !== true || mapping.path !== this.#executable) continue;
      const offset = address - mapping.start + mapping.offset;
      if (this.#collector.some((range) => offset > range.start && offset < range.end)) return true;
    }
    return false;
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
