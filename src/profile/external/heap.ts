import { pathToFileURL } from "node:url";
import type { Layout } from "./layout.ts";
import { type RemoteMemory, pointerAt, smallIntegerAt } from "./remote-memory.ts";

/** A function as it is known from outside: where it is defined, not which line runs. */
export interface FunctionPlace {
  readonly name: string;
  readonly url: string;
  /** From 1; 0 when unknown. */
  readonly line: number;
  readonly column: number;
}

/** What is read of a function at once, before the collector moves it; the rest is resolved from it afterwards. */
export interface SharedFunction {
  readonly address: number;
  readonly nameOrScopeInfo: number;
  readonly script: number;
}

interface KnownPlace extends Omit<SharedFunction, "address"> {
  readonly place: FunctionPlace;
}

const HEAP_TAG = 1;
/** From this many context variables on, a scope keeps their names in a hash table (one slot) instead of inline. */
const INLINE_NAMES = 75;
const MOST_LOCALS = 100_000;
const TAIL_SLOTS = 10;
const LONGEST_NAME = 2000;
const LONGEST_SOURCE = 64 * 1024 * 1024;
const DEEPEST_STRING = 40;
const ANONYMOUS = "(anonymous)";

/** Reads V8 objects out of another process. Tagged pointers in, plain values out; nothing that it reads is trusted. */
export class V8Heap {
  readonly #memory: RemoteMemory;
  readonly #layout: Layout;
  readonly #places = new Map<number, KnownPlace>();
  readonly #types = new Map<number, number>();
  readonly #lineEnds = new Map<string, Uint32Array>();

  constructor(memory: RemoteMemory, layout: Layout) {
    this.#memory = memory;
    this.#layout = layout;
  }

  /**
   * The shared part of each JSFunction, undefined where the value is not a function. Two reads for the whole stack:
   * the thread runs on meanwhile, and a function that the collector has moved by then is no function any more.
   */
  sharedOf(functions: readonly number[]): (SharedFunction | undefined)[] {
    const l = this.#layout;
    const shared = this.#memory.readEach(
      functions.map((f) => f - HEAP_TAG + l.functionShared),
      8,
    );
    const addresses = shared.map((bytes) => (bytes === undefined ? 0 : pointerAt(bytes, 0)));
    const length = Math.max(l.sharedNameOrScopeInfo, l.sharedScript) + 8;
    return this.#memory
      .readEach(
        addresses.map((a) => a - HEAP_TAG),
        length,
      )
      .map((bytes, i) => {
        if (bytes === undefined || this.#typeOfMap(pointerAt(bytes, 0)) !== l.types.shared) return undefined;
        return {
          address: addresses[i]!,
          nameOrScopeInfo: pointerAt(bytes, l.sharedNameOrScopeInfo),
          script: pointerAt(bytes, l.sharedScript),
        };
      });
  }

  /** Name and place of a function. Answers are kept: they change only when V8 moves or frees the three objects. */
  place(shared: SharedFunction): FunctionPlace {
    const known = this.#places.get(shared.address);
    const { nameOrScopeInfo, script } = shared;
    if (known?.nameOrScopeInfo === nameOrScopeInfo && known.script === script) return known.place;
    const place = this.#readPlace(shared);
    this.#places.set(shared.address, { nameOrScopeInfo, script, place });
    return place;
  }

  #readPlace({ nameOrScopeInfo, script }: SharedFunction): FunctionPlace {
    const direct = this.#string(nameOrScopeInfo);
    const scope = direct === undefined ? this.#scope(nameOrScopeInfo) : { name: direct, position: undefined };
    const home = this.#script(script);
    const name = scope.name || ANONYMOUS;
    if (home === undefined) return { name, url: "", line: 0, column: 0 };
    const source = this.#memory.pointer(home - HEAP_TAG + this.#layout.scriptSource);
    const { line, column } =
      scope.position === undefined ? { line: 0, column: 0 } : this.#line(home, source, scope.position);
    return { name, url: this.#scriptUrl(home), line, column };
  }

  #scriptUrl(script: number): string {
    const name = this.#string(this.#memory.pointer(script - HEAP_TAG + this.#layout.scriptName)) ?? "";
    return name.startsWith("/") ? pathToFileURL(name).href : name;
  }

  /** A function that is being debugged points to its DebugInfo, which points to the script. */
  #script(address: number): number | undefined {
    if (this.#typeOf(address) === this.#layout.types.script) return address;
    const bytes = this.#memory.readUpTo(address - HEAP_TAG, 64);
    for (let at = 8; at + 8 <= bytes.length; at += 8) {
      const candidate = pointerAt(bytes, at);
      if (this.#typeOf(candidate) === this.#layout.types.script) return candidate;
    }
    return undefined;
  }

  /**
   * Name and start of a function out of its ScopeInfo. Its head has fixed slots; then come the context variables
   * (names, then attributes), then optional parts: function name and slot, inferred name, on older lines the
   * position, the outer scope. The head tells how many variables there are; the rest is told apart by type.
   */
  #scope(address: number): { name: string; position: number | undefined } {
    const l = this.#layout;
    const unknown = { name: "", position: undefined };
    if (this.#typeOf(address) !== l.types.scopeInfo) return unknown;
    const slots = address - HEAP_TAG + 8;
    const head = this.#memory.read(slots, l.scopeInfoFirstVariable * 8);
    const locals = head === undefined ? undefined : smallIntegerAt(head, l.scopeInfoLocals * 8);
    if (head === undefined || locals === undefined || locals > MOST_LOCALS) return unknown;
    const start = l.scopeInfoFirstVariable + locals + (locals < INLINE_NAMES ? locals : 1);
    const tail = this.#optionalParts(slots + start * 8);
    const inHead =
      l.scopeInfoFirstVariable > POSITION_SLOT ? smallIntegerAt(head, POSITION_SLOT * 8) : undefined;
    const name = tail.find((part) => typeof part === "string" && part !== "");
    return { name: typeof name === "string" ? name : "", position: inHead ?? positionIn(tail) };
  }

  /** The optional parts of a ScopeInfo: small integers, strings, and undefined for anything else. */
  #optionalParts(address: number): (number | string | undefined)[] {
    const bytes = this.#memory.readUpTo(address, TAIL_SLOTS * 8);
    const parts: (number | string | undefined)[] = [];
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const integer = smallIntegerAt(bytes, at);
      const pointer = pointerAt(bytes, at);
      const type = integer === undefined ? this.#typeOf(pointer) : undefined;
      // The outer scope ends what is looked for; a map is already the head of the next object.
      if (type === this.#layout.types.scopeInfo || type === this.#layout.types.map) break;
      parts.push(integer ?? this.#string(pointer));
    }
    return parts;
  }

  #line(script: number, source: number, position: number): { line: number; column: number } {
    const ends = this.#endsOf(source);
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! < position) low = middle + 1;
      else high = middle;
    }
    const column = position - (low === 0 ? 0 : ends[low - 1]! + 1);
    // After source and name follow the line and column at which the script begins in its file.
    const offset = this.#memory.read(script - HEAP_TAG + this.#layout.scriptName + 8, 8);
    const first = offset === undefined ? 0 : (smallIntegerAt(offset, 0) ?? 0);
    return { line: low + 1 + first, column: column + 1 };
  }

  /** Positions of the line ends of a source text. */
  #endsOf(source: number): Uint32Array {
    const key = `${source}:${this.#memory.pointer(source - HEAP_TAG)}`;
    let ends = this.#lineEnds.get(key);
    if (ends === undefined) {
      ends = lineEnds(this.#string(source, LONGEST_SOURCE) ?? "");
      this.#lineEnds.set(key, ends);
    }
    return ends;
  }

  /** The text of a string object; undefined when the value is not a string. */
  #string(address: number, longest: number = LONGEST_NAME, depth = 0): string | undefined {
    const l = this.#layout;
    const type = this.#typeOf(address);
    if (type === undefined || type >= l.types.firstNonString || depth > DEEPEST_STRING) return undefined;
    const object = address - HEAP_TAG;
    const head = this.#memory.read(object, Math.max(l.consSecond, l.slicedOffset, l.externalResource) + 8);
    if (head === undefined) return undefined;
    const length = Math.min(head.readUInt32LE(l.stringLength), longest);
    switch (type & l.types.representationMask) {
      case l.types.cons:
        return this.#joined(pointerAt(head, l.consFirst), pointerAt(head, l.consSecond), longest, depth);
      case l.types.thin:
        return this.#string(pointerAt(head, l.thinActual), longest, depth + 1);
      case l.types.sliced: {
        const from = smallIntegerAt(head, l.slicedOffset) ?? 0;
        const parent = this.#string(pointerAt(head, l.slicedParent), from + length, depth + 1);
        return parent?.slice(from, from + length);
      }
      case l.types.external:
        // The object keeps the text's address beside its resource.
        return this.#text(pointerAt(head, l.externalResource + 8), length, type);
      default:
        return this.#text(object + l.stringBody, length, type);
    }
  }

  #joined(first: number, second: number, longest: number, depth: number): string | undefined {
    const left = this.#string(first, longest, depth + 1);
    if (left === undefined || left.length >= longest) return left;
    return left + (this.#string(second, longest - left.length, depth + 1) ?? "");
  }

  #text(address: number, length: number, type: number): string | undefined {
    const oneByte = (type & this.#layout.types.oneByte) !== 0;
    if (length === 0) return "";
    return this.#memory
      .read(address, oneByte ? length : length * 2)
      ?.toString(oneByte ? "latin1" : "utf16le");
  }

  #typeOf(address: number): number | undefined {
    if ((address & 1) !== HEAP_TAG || address < 0x10000) return undefined;
    return this.#typeOfMap(this.#memory.pointer(address - HEAP_TAG));
  }

  #typeOfMap(map: number): number | undefined {
    if (map % 2 !== HEAP_TAG) return undefined;
    let type = this.#types.get(map);
    if (type === undefined) {
      const bytes = this.#memory.read(map - HEAP_TAG + this.#layout.mapInstanceType, 2);
      if (bytes === undefined) return undefined;
      type = bytes.readUInt16LE(0);
      this.#types.set(map, type);
    }
    return type;
  }
}

/** In the heads that hold it, the start position is the first slot after the three counts. */
const POSITION_SLOT = 3;

/** Older scopes keep start and end as the last two small integers that stand side by side. */
function positionIn(parts: readonly (number | string | undefined)[]): number | undefined {
  for (let i = parts.length - 1; i > 0; i--) {
    const [start, end] = [parts[i - 1], parts[i]];
    if (typeof start === "number" && typeof end === "number" && start >= 0 && start < end) return start;
  }
  return undefined;
}

function lineEnds(text: string): Uint32Array {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) ends.push(at);
  return Uint32Array.from(ends);
}
