import { type Frame, kindOf } from "./frame.ts";
import type { V8CallFrame } from "./v8-types.ts";

/** A script's functions as `Profiler.getBestEffortCoverage` lists them; offsets in UTF-16 units of its source. */
export interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number }[];
  }[];
}

/** One function of a script; lines from 1, `column` from 1. */
interface Range {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly column: number;
}

/** Where the functions of each script lie, so that a line can be traced to the function it belongs to. */
export class FunctionRanges {
  readonly #scripts = new Map<string, Script>();
  readonly #coverage = new Map<string, ScriptCoverage>();
  readonly #sourceOf: (url: string) => string | undefined;

  /** `sourceOf` gives a script's text, or undefined when it cannot be had. */
  constructor(coverage: readonly ScriptCoverage[], sourceOf: (url: string) => string | undefined) {
    for (const script of coverage) this.#coverage.set(script.url, script);
    this.#sourceOf = sourceOf;
  }

  /** The function to which a tick at `line`, booked on `caller`, belongs, when it is not the caller itself. */
  inlinedAt(caller: V8CallFrame, line: number): Frame | undefined {
    const script = this.#script(caller.url);
    if (script === undefined) return undefined;
    const own = script.at(caller.lineNumber + 1, caller.columnNumber);
    const around = script.onLine(line, own);
    const outside = around !== own && around !== undefined && !script.encloses(around, caller);
    const found = outside ? around : script.soleCall(line);
    if (found === undefined || found === own) return undefined;
    return {
      name: found.name === "" ? "(anonymous)" : found.name,
      url: caller.url,
      line: found.firstLine,
      column: found.column,
      kind: kindOf("", caller.url),
    };
  }

  #script(url: string): Script | undefined {
    const known = this.#scripts.get(url);
    if (known !== undefined) return known;
    const coverage = this.#coverage.get(url);
    const source = coverage === undefined ? undefined : this.#sourceOf(url);
    if (coverage === undefined || source === undefined) return undefined;
    const script = new Script(coverage, source);
    this.#scripts.set(url, script);
    return script;
  }
}

/** A statement that is one call with plain arguments, its result perhaps kept: `sum += hot(i, 2);` */
const SOLE_CALL =
  /^\s*(?:return\s+|await\s+|(?:const|let|var)\s+\w+\s*=\s*|[\w.]+\s*[-+*|&^]?=\s*)*(?:this\.)?([\w$]+)\([\w\s.,'"+-]*\)\s*;?\s*(?:\/\/.*)?$/;

class Script {
  readonly #source: string;
  readonly #lineStarts: number[] = [0];
  readonly #functions: readonly Range[];

  constructor(coverage: ScriptCoverage, source: string) {
    this.#source = source;
    for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
    this.#functions = coverage.functions
      .filter((f) => f.ranges[0] !== undefined && f.ranges[0].endOffset <= source.length)
      .map((f) => this.#range(f.functionName, f.ranges[0]!, source))
      .sort((a, b) => a.end - a.start - (b.end - b.start));
  }

  /** The function that begins on a line, with its parameters at a column; V8 may have lost sight of it. */
  at(line: number, column: number): Range | undefined {
    const offset = this.#offset(line, column);
    const innermost = this.#functions.find((f) => f.start <= offset && offset < f.end);
    return innermost?.firstLine === line ? innermost : undefined;
  }

  /**
   * The function that a line calls and does nothing else: V8 at times books the time of an inlined function on the
   * line that calls it, and what such a line itself costs is next to nothing.
   */
  soleCall(line: number): Range | undefined {
    const start = this.#lineStarts[line - 1] ?? 0;
    const text = this.#source.slice(start, (this.#lineStarts[line] ?? this.#source.length + 1) - 1);
    const name = SOLE_CALL.exec(text)?.[1];
    const named = name === undefined ? [] : this.#functions.filter((f) => f.name === name);
    return named.length === 1 ? named[0] : undefined;
  }

  /** True when the call's function lies inside the other: a line of its own, then, if V8 has lost sight of it. */
  encloses(outer: Range, inner: V8CallFrame): boolean {
    const offset = this.#offset(inner.lineNumber + 1, inner.columnNumber);
    return outer.start <= offset && offset < outer.end;
  }

  /**
   * The innermost function that a line belongs to. On the first line of a nested function the line is `own`'s as much
   * as the nested one's, and `own` is known to be running, so it stays with `own`.
   */
  onLine(line: number, own: Range | undefined): Range | undefined {
    const spansOwn = own !== undefined && own.firstLine <= line && line <= own.lastLine;
    const shared = (f: Range): boolean => spansOwn && f !== own && f.firstLine === line;
    return this.#functions.find((f) => f.firstLine <= line && line <= f.lastLine && !shared(f));
  }

  #offset(line: number, column: number): number {
    return (this.#lineStarts[line - 1] ?? 0) + column;
  }

  #range(name: string, range: { startOffset: number; endOffset: number }, source: string): Range {
    const firstLine = this.#lineOf(range.startOffset);
    // V8 names a function's place by its parameter list, not by the word `function` with which its range begins.
    const list = /^(?:async\s+)?function\b[^(]*/.exec(
      source.slice(range.startOffset, range.startOffset + 200),
    );
    const column = range.startOffset + (list?.[0].length ?? 0) - this.#lineStarts[firstLine - 1]! + 1;
    const { startOffset: start, endOffset: end } = range;
    return { name, start, end, firstLine, lastLine: this.#lineOf(end - 1), column };
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}
