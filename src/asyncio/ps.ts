import { Scope, programScope } from "./scope.ts";
import { Waiter } from "./waiter.ts";

/** One thing in the tree of what runs: a runner, group, task, batch of calls, timeout or shield. */
export interface ProcessNode {
  readonly kind: string;
  readonly name: string;
  /** State, counts, where it was spawned. */
  readonly details: string;
  readonly cancelled: boolean;
  /** Left behind by a timeout; it goes on until it settles. */
  readonly abandoned: boolean;
  /** What it waits for right now, as far as this package knows; empty while it awaits something of its own. */
  readonly waitsFor: readonly string[];
  readonly children: readonly ProcessNode[];
}

/** The tree of everything that runs in this event loop. Costs one object per node; nothing is recorded beforehand. */
export function ps(): readonly ProcessNode[] {
  return childrenOf(programScope);
}

/** The same as indented text, for logs and signal handlers. */
export function pstree(): string {
  const lines: string[] = [];
  for (const node of ps()) render(node, "", "", lines);
  return lines.join("\n");
}

/** The part below `scope`, which has a holder, as indented text. */
export function treeText(scope: Scope): string {
  const lines: string[] = [];
  render(nodeOf(scope), "", "", lines);
  return lines.join("\n");
}

function childrenOf(scope: Scope): ProcessNode[] {
  const nodes: ProcessNode[] = [];
  for (let node = scope.first; node !== undefined; node = node.next) {
    if (!(node instanceof Scope)) continue;
    if (node.holder === undefined) nodes.push(...childrenOf(node));
    else nodes.push(nodeOf(node));
  }
  return nodes;
}

function nodeOf(scope: Scope): ProcessNode {
  const holder = scope.holder!;
  return {
    kind: holder.kind,
    name: holder.name,
    details: holder.describe?.() ?? "",
    cancelled: scope.cancelled,
    abandoned: holder.abandoned ?? false,
    waitsFor: waitsOf(scope),
    children: childrenOf(scope),
  };
}

function waitsOf(scope: Scope): string[] {
  const counts = new Map<string, number>();
  for (let node = scope.first; node !== undefined; node = node.next) {
    if (node instanceof Waiter) counts.set(node.describe(), (counts.get(node.describe()) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => (count === 1 ? what : `${what} x ${count}`));
}

function render(node: ProcessNode, first: string, rest: string, lines: string[]): void {
  const marks = [node.details, node.cancelled ? "cancelled" : "", node.abandoned ? "abandoned" : ""];
  const notes = marks.filter((mark) => mark !== "").join(", ");
  const waits = node.waitsFor.length > 0 ? ` <- ${node.waitsFor.join(", ")}` : "";
  lines.push(`${first}${node.kind} "${node.name}"${notes === "" ? "" : ` (${notes})`}${waits}`);
  node.children.forEach((child, i) => {
    const last = i === node.children.length - 1;
    render(child, `${rest}${last ? "└─ " : "├─ "}`, `${rest}${last ? "   " : "│  "}`, lines);
  });
}
