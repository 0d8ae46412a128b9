import { readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { getCallSites } from "node:util";
import { analyse } from "./analysis.ts";
import type { Analysis, FunctionNode } from "./syntax.ts";
import { quietly } from "./quietly.ts";
import { TRANSFORMED } from "./source-map.ts";
import type { Located, Probe, ScriptSource } from "./probe.ts";

/** Scripts by V8's id, as far as this side has met them. */
const scripts = new Map<string, Script>();
/** Code made at run time (eval, new Function) gets a new id each time, so the memory of them must end somewhere. */
const MOST_SCRIPTS = 2000;
/**
 * Above this many characters only the function's own text is parsed: parsing a whole large bundle takes half a second.
 * This package itself is up to 400,000 of them in a bundle.
 */
const LARGE = 500_000;

/** A script as V8 runs it. */
class Script {
  readonly url: string;
  readonly text: string;
  /** Whether the text is what the file at `url` holds; a loader may have changed it. */
  readonly onDisk: boolean;
  readonly #startLine: number;
  readonly #startColumn: number;
  #lines: number[] | undefined;
  readonly #analyses = new Map<boolean, Analysis | null>();
  readonly #fragments = new Map<string, Place | undefined>();

  constructor(source: Omit<ScriptSource, "id">, onDisk: boolean) {
    this.url = source.url;
    this.text = source.text;
    this.onDisk = onDisk;
    this.#startLine = source.startLine;
    this.#startColumn = source.startColumn;
  }

  /** Where a function of this text stands, or undefined if the script does not hold it there. */
  find(at: Located, text: string): Place | undefined {
    const offset = this.#offset(at.line, at.column);
    const start = this.text.lastIndexOf(text, offset);
    if (start < 0 || start + text.length < offset) return undefined;
    const isModule = at.scopes.some((scope) => scope.type === "Module");
    return this.#inWhole(start, text, isModule) ?? this.alone(start, text);
  }

  /** Line and column, from 0, of an offset in the text. */
  position(offset: number): { line: number; column: number } {
    const lines = this.#lineStarts();
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (lines[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const column = offset - lines[low]! + (low === 0 ? this.#startColumn : 0);
    return { line: low + this.#startLine, column };
  }

  #inWhole(start: number, text: string, isModule: boolean): Place | undefined {
    if (this.text.length > LARGE) return undefined;
    let analysis = this.#analyses.get(isModule);
    if (analysis === undefined) {
      // A function revived here is found in the module it was written in, but runs outside any module.
      analysis = tryAnalyse(this.text, isModule) ?? tryAnalyse(this.text, !isModule);
      this.#analyses.set(isModule, analysis);
    }
    if (analysis === null) return undefined;
    const fn = functionAt(analysis, start, start + text.length);
    return fn && { script: this, analysis, fn, start, base: 0, whole: true };
  }

  /** The function read out of its context. */
  alone(start: number, text: string): Place | undefined {
    const key = `${start}:${text}`;
    if (!this.#fragments.has(key)) this.#fragments.set(key, this.#parseAlone(start, text));
    return this.#fragments.get(key);
  }

  #parseAlone(start: number, text: string): Place | undefined {
    for (const [before, after] of [
      ["(", ")"],
      ["({", "})"],
      ["(class{", "})"],
    ] as const) {
      const analysis = tryAnalyse(before + text + after, false);
      const fn = analysis && functionAt(analysis, before.length, before.length + text.length);
      if (fn) {
        const base = start - before.length;
        return { script: this, analysis, fn, start: before.length, base, whole: false };
      }
    }
    return undefined;
  }

  #offset(line: number, column: number): number {
    const row = line - this.#startLine;
    return (this.#lineStarts()[row] ?? 0) + column - (row === 0 ? this.#startColumn : 0);
  }

  #lineStarts(): number[] {
    if (this.#lines === undefined) {
      this.#lines = [0];
      for (const end of this.text.matchAll(/\r\n|[\n\r\u2028\u2029]/g))
        this.#lines.push(end.index + end[0].length);
    }
    return this.#lines;
  }
}

export interface Place {
  readonly script: Script;
  readonly analysis: Analysis;
  readonly fn: FunctionNode;
  /** Where the function's text begins in `analysis.text`; for a method that is its name. */
  readonly start: number;
  /** What to add to an offset in `analysis.text` to have it in the script. */
  readonly base: number;
  /** False when only the function's own text was read: then nothing is known about the code around it. */
  readonly whole: boolean;
}

/** Names of the scripts on the stack of the caller, by id: most captured functions come from one of them. */
export function scriptsOnStack(): Map<string, string> {
  const names = new Map<string, string>();
  for (const site of getCallSites(60, { sourceMap: false }) as CallSite[]) {
    if (site.scriptName !== "" && site.scriptId !== undefined) names.set(site.scriptId, site.scriptName);
  }
  return names;
}

/** Finds a located function in its script, from disk if the file says what V8 runs, else from V8. */
export function findFunction(
  at: Located,
  text: string,
  stack: () => ReadonlyMap<string, string>,
  probe: Probe,
): Place | undefined {
  const known = scripts.get(at.scriptId);
  const name = known === undefined ? stack().get(at.scriptId) : undefined;
  const script = known ?? (name === undefined ? undefined : readScript(asUrl(name)));
  const place = script?.find(at, text);
  if (place !== undefined) {
    if (known === undefined) remember(at.scriptId, script!);
    return place;
  }
  const source = probe.source(at.scriptId);
  if (source === undefined) return undefined;
  const url = asUrl(source.url);
  const running = new Script({ ...source, url }, readScript(url)?.text === source.text);
  remember(at.scriptId, running);
  return running.find(at, text);
}

/** A function by its text alone, when nothing else can be known of it. */
export function placeOfText(text: string): Place | undefined {
  const script = new Script({ url: "shipped", text, startLine: 0, startColumn: 0 }, false);
  return script.alone(0, text);
}

/** V8 names modules by URL, CommonJS files by path, and some scripts not at all. */
export function asUrl(script: string): string {
  const name = script.endsWith(TRANSFORMED) ? script.slice(0, -TRANSFORMED.length) : script;
  return name.startsWith("/") || /^[A-Za-z]:[\\/]/.test(name) ? pathToFileURL(name).href : name;
}

function remember(id: string, script: Script): void {
  if (scripts.size >= MOST_SCRIPTS) scripts.delete(scripts.keys().next().value!);
  scripts.set(id, script);
}

function readScript(url: string): Script | undefined {
  if (!url.startsWith("file:")) return undefined;
  try {
    let text = readFileSync(fileURLToPath(url), "utf8");
    if (/\.[cm]?ts$/.test(new URL(url).pathname))
      text = quietly(() => module.stripTypeScriptTypes(text, { mode: "strip" }));
    return new Script({ url, text, startLine: 0, startColumn: 0 }, true);
  } catch {
    return undefined;
  }
}

function tryAnalyse(text: string, isModule: boolean): Analysis | null {
  try {
    return analyse(text, isModule);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function functionAt(analysis: Analysis, start: number, end: number): FunctionNode | undefined {
  return analysis.byEnd.get(end)?.find(({ node, parent }) => {
    return node.start === start || (parent.end === end && parent.start <= start && node.start > start);
  });
}

interface CallSite {
  readonly scriptName: string;
  readonly scriptId?: string;
}
