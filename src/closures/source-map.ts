import { readFileSync } from "node:fs";
import { SourceMap, findSourceMap } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

import { formattedPlace } from "./stack-formatter.ts";

export interface Position {
  /** A `file:` URL or whatever the script is called. */
  readonly url: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

const maps = new Map<string, SourceMap | null>();

/** The map of a script, from its own last comment. `text` is the script as it runs, if it is not what the file holds. */
export function registerMap(url: string, text: string): void {
  if (!maps.has(url)) maps.set(url, parseMap(url, text));
}

/** Where a position of a script lies in the source it was made from; itself when nothing is known. */
export function originalPosition(position: Position): Position {
  const map = mapOf(position.url);
  if (map === null) return byFormatter(position) ?? position;
  const entry = map.findEntry(position.line - 1, position.column - 1);
  if (!("originalSource" in entry) || entry.originalSource === undefined) return position;
  const url = resolveSource(entry.originalSource, position.url);
  return { url, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

/**
 * Appended to the name of a script whose running text is not what its file holds. The receiving side may have
 * loaded (and mapped) the file itself; frames of shipped functions stay apart from those and are mapped here.
 */
export const TRANSFORMED = "?spool-transformed";

/** A stack with each place given in the source it was made from. */
export function originalFrames(stack: string): string {
  return stack.replace(FRAME, (place, script: string, line: string, column: string) => {
    const transformed = script.endsWith(TRANSFORMED);
    const url = transformed ? script.slice(0, -TRANSFORMED.length) : script;
    const position = { url, line: Number(line), column: Number(column) };
    const original = originalPosition(position);
    if (original === position && !transformed) return place;
    return `${original.url}:${original.line}:${original.column}`;
  });
}

const FRAME = /((?:file:\/\/|\/|[A-Za-z]:\\)[^\s()]*?):(\d+):(\d+)/g;

/** `src/app.ts:3:14`, as an editor's terminal links it. */
export function showPosition(position: Position): string {
  return `${toPath(position.url)}:${position.line}:${position.column}`;
}

export function toPath(url: string): string {
  if (!url.startsWith("file:")) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

/** The program's own formatter of stacks may know scripts by URL or by path. */
function byFormatter({ url, line, column }: Position): Position | undefined {
  for (const script of new Set([url, toPath(url)])) {
    const place = formattedPlace(script, line, column);
    const [, found, atLine, atColumn] = /^(.*):(\d+):(\d+)$/.exec(place ?? "") ?? [];
    if (found === undefined || (Number(atLine) === line && Number(atColumn) === column)) continue;
    const isPath = url.startsWith("/");
    const name = isPath ? toPath(found) : found.startsWith("/") ? pathToFileURL(found).href : found;
    return { url: name, line: Number(atLine), column: Number(atColumn) };
  }
  return undefined;
}

/** In the form the script's own name has: a URL or a path. */
function resolveSource(source: string, script: string): string {
  const isPath = script.startsWith("/");
  const base = isPath ? pathToFileURL(script).href : script;
  if (!URL.canParse(source, base)) return script;
  const { href } = new URL(source, base);
  return isPath ? toPath(href) : href;
}

function mapOf(url: string): SourceMap | null {
  const known = maps.get(url);
  if (known !== undefined) return known;
  const fromNode = findSourceMap(url) ?? findSourceMap(toPath(url));
  const map = fromNode ?? parseMap(url, readText(url));
  maps.set(url, map);
  return map;
}

function parseMap(url: string, text: string | undefined): SourceMap | null {
  const at = text?.lastIndexOf("//# sourceMappingURL=") ?? -1;
  if (at < 0) return null;
  const target = text!.slice(at + "//# sourceMappingURL=".length).split(/\s/, 1)[0]!;
  try {
    return new SourceMap(JSON.parse(readTarget(url, target)) as never);
  } catch {
    return null;
  }
}

function readTarget(url: string, target: string): string {
  const data = /^data:application\/json;(?:charset=[^;,]+;)?base64,(.*)$/.exec(target);
  if (data !== null) return Buffer.from(data[1]!, "base64").toString("utf8");
  return readFileSync(new URL(target, url.startsWith("/") ? pathToFileURL(url) : url), "utf8");
}

function readText(url: string): string | undefined {
  try {
    return /^(file:|\/)/.test(url) ? readFileSync(toPath(url), "utf8") : undefined;
  } catch {
    return undefined;
  }
}
