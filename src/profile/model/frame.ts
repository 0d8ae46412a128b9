/**
 * What a frame is:
 *   js       a JavaScript function with a place in a file
 *   builtin  a JavaScript function of Node itself (`node:...`)
 *   native   C++ or the operating system; `url` is the library where known
 *   wasm     a WebAssembly function
 *   gc       V8's garbage collector
 *   idle     the event loop waiting
 *   program  V8 or Node itself, no JavaScript on the stack
 *   group    not a function: a process or a thread, put above its stacks by a report
 */
export type FrameKind = "js" | "builtin" | "native" | "wasm" | "gc" | "idle" | "program" | "group";

/** One function as it stands on a stack. Equal frames are one object within one {@link FrameTable}. */
export interface Frame {
  /** `(anonymous)` when the function has no name. */
  readonly name: string;
  /** `file://` URL, `node:` id, library path, or `""`. */
  readonly url: string;
  /** First line of the function, from 1; 0 when unknown. */
  readonly line: number;
  /** First column of the function, from 1; 0 when unknown. */
  readonly column: number;
  readonly kind: FrameKind;
  /** The line being executed, from 1, where the engine knows it. */
  readonly at?: number;
}

/** Interns frames, so that stacks can be compared and grouped by identity. */
export class FrameTable {
  readonly #frames = new Map<string, Frame>();

  intern(frame: Frame): Frame {
    const key = `${frame.kind}|${frame.name}|${frame.url}|${frame.line}|${frame.column}|${frame.at ?? ""}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    this.#frames.set(key, frame);
    return frame;
  }
}

/** A frame that stands for a process or a thread above its stacks. */
export function groupFrame(name: string): Frame {
  return { name, url: "", line: 0, column: 0, kind: "group" };
}

const SPECIAL: Readonly<Record<string, FrameKind>> = {
  "(garbage collector)": "gc",
  "(idle)": "idle",
  "(program)": "program",
};

/** The kind of a frame as V8 reports it: by its name when it has no script, else by its URL. */
export function kindOf(name: string, url: string): FrameKind {
  if (url.startsWith("node:")) return "builtin";
  if (url.startsWith("wasm:")) return "wasm";
  if (url !== "") return "js";
  return SPECIAL[name] ?? "native";
}
