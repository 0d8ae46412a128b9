import type { CallNode, CallTree } from "../../model/call-tree.ts";
import { labelOf } from "../../reporters/label.ts";
import { formatBytes, formatPercent } from "../format.ts";

export interface TreeReportOptions {
  /** Only the stacks that lead to this many of the biggest allocations (default 10). */
  readonly biggest?: number;
}

const BIGGEST = 10;

/** The call tree as text: who called whom, and how many bytes that led to. */
export function memoryTreeText(tree: CallTree, options: TreeReportOptions = {}): string {
  const kept = pathsToBiggest(tree.root, options.biggest ?? BIGGEST);
  const lines: string[] = [];
  const print = (node: CallNode, indent: string): void => {
    const children = [...node.children.values()].filter((c) => kept.has(c)).sort((a, b) => b.total - a.total);
    children.forEach((child, i) => {
      const last = i === children.length - 1;
      const own = child.self > 0 && child.children.size > 0 ? `, own ${formatBytes(child.self)}` : "";
      const share = `${formatBytes(child.total)} (${formatPercent(child.total, tree.root.total)}${own})`;
      lines.push(`${indent}${last ? "└─" : "├─"} ${share} ${labelOf(child.frame)}`);
      print(child, `${indent}${last ? "   " : "│  "}`);
    });
  };
  print(tree.root, "");
  return `${formatBytes(tree.root.total)} in all\n${lines.map((line) => `${line}\n`).join("")}`;
}

/** The nodes with most bytes of their own, and all above them. */
function pathsToBiggest(root: CallNode, count: number): Set<CallNode> {
  const found: { self: number; path: CallNode[] }[] = [];
  const walk = (node: CallNode, path: CallNode[]): void => {
    if (node.self > 0) found.push({ self: node.self, path });
    for (const child of node.children.values()) walk(child, [...path, child]);
  };
  walk(root, []);
  found.sort((a, b) => b.self - a.self);
  return new Set(found.slice(0, count).flatMap(({ path }) => path));
}
