import { stripTypeScriptTypes } from "node:module";
import { type Node, parse } from "acorn";
import { BLOCKING_MODULES, blockingNames, insteadOf } from "./blocking-calls.ts";

/** A blocking call in a source text. */
export interface BlockingSite {
  readonly call: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly instead: string;
  /** The innermost function around it; empty at the top level of a module, where blocking is harmless. */
  readonly inFunction: string;
  /** Whether that function is asynchronous, so that other work surely waits. */
  readonly inAsync: boolean;
}

/**
 * The known blocking calls in the text of a JavaScript or TypeScript module, by their names (`readFileSync`,
 * `Atomics.wait`...). It lists and never rewrites: making a call asynchronous makes its callers asynchronous, and code
 * that relied on nothing happening in between needs a lock; that takes someone who knows the program.
 */
export function findBlockingCalls(source: string, file: string): BlockingSite[] {
  const text = /\.[cm]?tsx?$/.test(file) ? stripTypeScriptTypes(source) : source;
  const tree = parse(text, {
    ecmaVersion: "latest",
    sourceType: "module",
    locations: true,
    allowHashBang: true,
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
  });
  const sites: BlockingSite[] = [];
  visit(tree as unknown as AnyNode, { name: "", async: false }, (node, around) => {
    const call = node.type === "CallExpression" ? blockingName(node["callee"] as AnyNode) : undefined;
    if (call === undefined) return;
    const { line, column } = node.loc!.start;
    const { name: inFunction, async: inAsync } = around;
    sites.push({ call, file, line, column: column + 1, instead: insteadOf(call), inFunction, inAsync });
  });
  return sites;
}

type AnyNode = Node & Record<string, unknown>;

interface Around {
  readonly name: string;
  readonly async: boolean;
}

const MODULE_OF = new Map(
  Object.keys(BLOCKING_MODULES).flatMap((module) =>
    blockingNames(module).map((name) => [name, module] as const),
  ),
);

function blockingName(callee: AnyNode): string | undefined {
  const property = callee.type === "MemberExpression" ? (callee["property"] as AnyNode) : callee;
  const name = property["name"] as string | undefined;
  if (name === undefined) return undefined;
  const object = callee["object"] as AnyNode | undefined;
  if (object?.["name"] === "Atomics" && name === "wait") return "Atomics.wait";
  const module = MODULE_OF.get(name);
  return module === undefined ? undefined : `${module}.${name}`;
}

function visit(node: AnyNode, around: Around, found: (node: AnyNode, around: Around) => void): void {
  const inside = /Function/.test(node.type)
    ? { name: nameOf(node) ?? (around.name || "(anonymous)"), async: node["async"] === true }
    : around;
  found(node, inside);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, inside, found);
    }
  }
}

function nameOf(node: AnyNode): string | undefined {
  return (node["id"] as { name?: string } | null | undefined)?.name;
}

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
  );
}
