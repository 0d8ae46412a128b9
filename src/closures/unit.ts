import type { Reference, SyntaxNode } from "./syntax.ts";
import type { Free } from "./free.ts";
import { TRANSFORMED, registerMap } from "./source-map.ts";
import type { Place } from "./scripts.ts";
import type { Unit } from "./wire.ts";

/** Names that stand for what only exists in a module's own text; as long as what they replace, so columns stay. */
export const IMPORT_META = "$importMeta";
export const HERITAGE = "$heritage";

/** A live import: every reference to it becomes a property read, which asks the module each time. */
export interface LiveImport {
  readonly name: string;
  readonly references: readonly Reference[];
}

export interface LiveNames {
  /** The variable that holds the live imports. */
  readonly holder: string;
  /** From the local name to its property on the holder. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Chooses names so that `a.xyz` is as long as the name it replaces: error positions stay exact. */
export function liveNames(place: Place, live: readonly LiveImport[]): LiveNames {
  const text = textOf(place);
  const holder = HOLDERS.find((name) => !text.includes(name)) ?? "$$live";
  const taken = new Set<string>();
  const aliases = new Map<string, string>();
  for (const { name } of live) {
    const alias = freeAlias(Math.max(1, name.length - holder.length - 1), taken);
    taken.add(alias);
    aliases.set(name, alias);
  }
  return { holder, aliases };
}

/** The function's text, fit to be compiled away from its module. */
export function buildUnit(
  place: Place,
  free: Free,
  params: readonly string[],
  live: readonly LiveImport[],
  names: LiveNames | null,
): Unit {
  const { script, base, start, fn } = place;
  const form = formOf(place);
  const edits: Edit[] = [];
  for (const use of free.uses) if (use.kind === "import.meta") edits.push({ ...use, text: IMPORT_META });
  if (params.includes(HERITAGE) && free.heritage !== null)
    edits.push(replaced(place, free.heritage, HERITAGE));
  for (const { name, references } of live) {
    const read = `${names!.holder}.${names!.aliases.get(name)!}`;
    for (const r of references)
      edits.push({ start: r.start, end: r.end, text: r.shorthand ? `${name}:${read}` : read });
  }
  const key = fn.parent["key"] as SyntaxNode | undefined;
  if (form !== "expression" && fn.parent["computed"] === true)
    edits.push(replaced(place, key!, '"computed"'));
  const { line, column } = script.position(base + start);
  const text = applyEdits(place, edits);
  const offset = process.env["NODE_V8_COVERAGE"] === undefined || !script.onDisk ? -1 : base + start;
  const url = script.onDisk ? script.url : script.url + TRANSFORMED;
  if (!script.onDisk) registerMap(script.url, script.text);
  const length = runningLength(script.url, script.text);
  return { url, line, column, offset, length, text, params, form, strict: fn.strict };
}

/** Node ends the TypeScript it strips with a comment that names the file. */
function runningLength(url: string, text: string): number {
  return /\.[cm]?ts$/.test(url) ? text.length + "\n\n//# sourceURL=".length + url.length : text.length;
}

function formOf({ fn }: Place): Unit["form"] {
  const { parent, node } = fn;
  if (parent["value"] !== node) return "expression";
  if (parent.type === "MethodDefinition") return "method";
  const shorthand = parent["method"] === true || parent["kind"] === "get" || parent["kind"] === "set";
  return parent.type === "Property" && shorthand ? "method" : "expression";
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Puts `text` in place of a node, with its line breaks and, as far as it fits, its length. */
function replaced({ analysis }: Place, node: SyntaxNode, text: string): Edit {
  const old = analysis.text.slice(node.start, node.end);
  const rest = old.slice(text.length).replace(/[^\n\r\u2028\u2029]/g, " ");
  return { start: node.start, end: node.end, text: text + rest };
}

function textOf({ analysis, start, fn }: Place): string {
  return analysis.text.slice(start, fn.node.end);
}

function applyEdits(place: Place, edits: Edit[]): string {
  if (edits.length === 0) return textOf(place);
  const { text } = place.analysis;
  let at = place.start;
  let result = "";
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at, place.fn.node.end);
}

function freeAlias(length: number, taken: ReadonlySet<string>): string {
  for (let size = length; ; size++) {
    for (let n = 0; n < ALPHABET.length * 8; n++) {
      const digits = ALPHABET[n % ALPHABET.length]! + (n < ALPHABET.length ? "" : String(n));
      const alias = digits.padEnd(size, "_");
      if (alias.length === size && !taken.has(alias)) return alias;
    }
  }
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$".split("");
/** Letters that hardly any program uses. */
const HOLDERS = ["ʘ", "ʭ", "ƾ", "ǂ"];
