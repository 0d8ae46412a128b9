import type { CallNode, CallTree } from "../model/call-tree.ts";
import type { Frame } from "../model/frame.ts";
import { FLAME_SCRIPT, FLAME_STYLE } from "./flame-page.ts";
import { shortPath } from "./label.ts";

export interface FlameOptions {
  readonly title: string;
  /** A line below the title: what was recorded, when, how. */
  readonly subtitle?: string;
  /** What must be known to read it rightly. */
  readonly notes?: readonly string[];
  /** An earlier tree: functions are then coloured by how their share changed. */
  readonly before?: CallTree;
}

/** What the page's script reads: a table of frames, and the tree in preorder as three parallel lists. */
interface PageData {
  readonly unit: CallTree["unit"];
  /** Name, place, kind. */
  readonly frames: (readonly [string, string, Frame["kind"]])[];
  readonly parent: number[];
  readonly frame: number[];
  readonly self: number[];
  /** Own shares in the earlier tree; absent without one. */
  readonly before?: number[];
}

/** A flame graph as one HTML page that needs nothing else: search, zoom, invert, by thread, dark and light. */
export function toFlameGraph(tree: CallTree, options: FlameOptions): string {
  const data = pageData(tree, options.before);
  // A script element ends at the first "</", so none may stand in the data.
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escape(options.title)}</title>
<style>${FLAME_STYLE}</style>
</head>
<body>
<header>
<h1>${escape(options.title)}</h1>
<p>${escape(options.subtitle ?? "")}</p>
</header>
<div id="bar" role="toolbar" aria-label="Flame graph">
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search functions">
<button id="invert" aria-pressed="false" title="Callers below callees: who leads to the hot functions">Invert ( i )</button>
<button id="threads" aria-pressed="true" title="Keep threads and processes apart">By thread ( t )</button>
<button id="reset">Reset zoom ( Esc )</button>
<button id="theme">Dark / light ( d )</button>
<span id="legend"></span>
</div>
<p id="status" role="status" aria-live="polite"></p>
<main><canvas id="flame" tabindex="0" role="img" aria-label="Flame graph; the table below lists the same functions"></canvas></main>
<details open><summary>Functions</summary><table id="table"></table></details>
${notesOf(options.notes ?? [])}
<script id="data" type="application/json">${json}</script>
<script>${FLAME_SCRIPT}</script>
</body>
</html>
`;
}

function pageData(tree: CallTree, before: CallTree | undefined): PageData {
  const indices = new Map<string, number>();
  const data: PageData = {
    unit: tree.unit,
    frames: [],
    parent: [],
    frame: [],
    self: [],
    ...(before === undefined ? {} : { before: [] }),
  };
  const indexOf = (frame: Frame): number => {
    const entry = [frame.name, placeText(frame), frame.kind] as const;
    const key = keyOf(frame);
    let index = indices.get(key);
    if (index === undefined) {
      index = data.frames.push(entry) - 1;
      indices.set(key, index);
    }
    return index;
  };
  const add = (node: CallNode | undefined, old: CallNode | undefined, parent: number): void => {
    const own = (node ?? old)!;
    const index = data.parent.push(parent) - 1;
    data.frame.push(indexOf(own.frame));
    data.self.push(round(node?.self ?? 0));
    data.before?.push(round(old?.self ?? 0));
    for (const [now, was] of pairs(node, old)) add(now, was, index);
  };
  add(tree.root, before?.root, -1);
  return data;
}

/** Children of both trees, matched by function and file; a line that moved does not make another function of it. */
function* pairs(
  node: CallNode | undefined,
  old: CallNode | undefined,
): Generator<[CallNode | undefined, CallNode | undefined]> {
  const olds = new Map([...(old?.children.values() ?? [])].map((child) => [matchKey(child.frame), child]));
  for (const child of node?.children.values() ?? []) {
    const key = matchKey(child.frame);
    yield [child, olds.get(key)];
    olds.delete(key);
  }
  for (const child of olds.values()) yield [undefined, child];
}

function matchKey(frame: Frame): string {
  return `${frame.name}|${shortPath(frame.url)}`;
}

function keyOf(frame: Frame): string {
  return `${frame.kind}|${frame.name}|${placeText(frame)}`;
}

function placeText(frame: Frame): string {
  if (frame.url === "") return "";
  const line = frame.at ?? frame.line;
  return shortPath(frame.url) + (line > 0 ? `:${line}` : "");
}

function notesOf(notes: readonly string[]): string {
  if (notes.length === 0) return "";
  return `<ul id="notes">${notes.map((note) => `<li>${escape(note)}</li>`).join("")}</ul>`;
}

/** Six significant digits: what a screen can show. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}
