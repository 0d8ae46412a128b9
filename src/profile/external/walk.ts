import type { Layout } from "./layout.ts";
import { pointerAt } from "./remote-memory.ts";
import type { Stack } from "./stack-image.ts";

const DEEPEST = 2048;
/** How far into an Isolate the walk looks for its record of the last exit from JavaScript. */
export const ISOLATE_BYTES = 1024;
/** How far below an entry frame V8 keeps the exit frame that was current before it. */
const ENTRY_FRAME_SLOTS = 16;
/** No frame type has a higher number; a larger value in the marker's place is a pointer. */
const HIGHEST_FRAME_TYPE = 64;

/** True when code at this address was made by V8 (compiled code or builtins) and so keeps frame pointers. */
export type IsGenerated = (pc: number) => boolean;

/**
 * The JSFunctions on a stack, innermost first, as raw tagged pointers.
 *
 * Code that V8 generates links its frames through rbp: saved rbp, return address, and below them either a context
 * (then it is a JavaScript frame, with its function one slot further) or a small number that names the frame's type.
 * C++ keeps no frame pointers, so the walk never begins in it: when a thread is in C++, V8's own record of where
 * JavaScript was left (`c_entry_fp`) says where to begin, and an entry frame says where the JavaScript above it was left.
 */
export class StackWalker {
  readonly #layout: Layout;
  readonly #isGenerated: IsGenerated;
  /** Where in the Isolate V8 records the innermost exit from JavaScript: found, not known; one for the whole process. */
  #exit: number | undefined;
  /** The same for the outermost entry into JavaScript. */
  #entry: number | undefined;

  constructor(layout: Layout, isGenerated: IsGenerated) {
    this.#layout = layout;
    this.#isGenerated = isGenerated;
  }

  /** The functions on the stack of a thread that runs generated code; `fp` is its frame pointer. */
  fromGenerated(stack: Stack, fp: number): number[] {
    return this.#walk(stack, fp);
  }

  /**
   * The functions below a thread that is in C++ (or the kernel); none when no JavaScript is on its stack. `isolate` is
   * the beginning of the thread's Isolate, {@link ISOLATE_BYTES} of it.
   */
  fromNative(stack: Stack, isolate: Buffer): { functions: number[]; exit: number } {
    const exit = this.#exitFrame(stack, isolate);
    return { functions: exit === 0 ? [] : this.#walk(stack, exit), exit };
  }

  #walk(stack: Stack, from: number): number[] {
    const functions: number[] = [];
    let fp = from;
    for (let depth = 0; depth < DEEPEST && stack.holds(fp); depth++) {
      const marker = stack.pointer(fp + this.#layout.markerSlot);
      let next = stack.pointer(fp);
      if (marker % 2 === 1) functions.push(stack.pointer(fp + this.#layout.functionSlot));
      else if (this.#isEntryFrame(stack, fp)) next = this.#exitAbove(stack, fp);
      else if (marker / 2 > HIGHEST_FRAME_TYPE) break;
      if (next <= fp) break;
      fp = next;
    }
    return functions;
  }

  /** The exit frame that was current when C++ entered JavaScript again; 0 when that was the first entry. */
  #exitAbove(stack: Stack, entry: number): number {
    for (let slot = 2; slot <= ENTRY_FRAME_SLOTS; slot++) {
      const candidate = stack.pointer(entry - slot * 8);
      if (candidate > entry && this.#isExitFrame(stack, candidate)) return candidate;
    }
    return 0;
  }

  #exitFrame(stack: Stack, isolate: Buffer): number {
    if (this.#exit === undefined || this.#entry === undefined) this.#findRecords(stack, isolate);
    const fp = this.#exit === undefined ? 0 : pointerAt(isolate, this.#exit);
    if (this.#isExitFrame(stack, fp)) return fp;
    return this.#entry === undefined ? 0 : this.#fastCall(stack, pointerAt(isolate, this.#entry));
  }

  /** Looks for the two records; each can be found only while it is in use. */
  #findRecords(stack: Stack, words: Buffer): void {
    const find = (accept: (fp: number) => boolean): number | undefined => {
      for (let at = 0; at + 8 <= words.length; at += 8) if (accept(pointerAt(words, at))) return at;
      return undefined;
    };
    this.#exit ??= find((fp) => this.#isExitFrame(stack, fp) && this.#leadsToEntry(stack, fp));
    this.#entry ??= find((fp) => this.#isEntryFrame(stack, fp));
  }

  #leadsToEntry(stack: Stack, from: number): boolean {
    let fp = from;
    for (let depth = 0; depth < DEEPEST && stack.holds(fp); depth++) {
      if (this.#isEntryFrame(stack, fp)) return true;
      const next = stack.pointer(fp);
      if (next <= fp) return false;
      fp = next;
    }
    return false;
  }

  /**
   * C++ called straight from optimized code leaves no exit frame. Then the innermost saved frame pointer with a
   * return address into generated code beside it is the caller; searched only while JavaScript is on the stack.
   */
  #fastCall(stack: Stack, entry: number): number {
    if (!this.#isEntryFrame(stack, entry)) return 0;
    for (let at = stack.sp; at < entry; at += 8) {
      const fp = stack.pointer(at);
      if (fp <= at || fp > entry || !stack.holds(fp)) continue;
      if (this.#isGenerated(stack.pointer(at + 8))) return fp;
    }
    return 0;
  }

  #isEntryFrame(stack: Stack, fp: number): boolean {
    return stack.holds(fp) && this.#layout.frames.entry.has(stack.pointer(fp + this.#layout.markerSlot) / 2);
  }

  #isExitFrame(stack: Stack, fp: number): boolean {
    if (!stack.holds(fp)) return false;
    const marker = stack.pointer(fp + this.#layout.markerSlot);
    return (
      marker % 2 === 0 &&
      this.#layout.frames.exit.has(marker / 2) &&
      stack.pointer(fp) > fp &&
      this.#isGenerated(stack.pointer(fp + 8))
    );
  }
}
