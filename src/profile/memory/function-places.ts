import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Node, parse } from "acorn";

/** Where a function begins as V8 counts it, at its parameters; from 0. */
export interface FunctionPlace {
  readonly line: number;
  readonly column: number;
}

interface SyntaxNode extends Node {
  readonly [field: string]: unknown;
}

/**
 * The functions of a CommonJS file by the names that V8 gives them. Undefined for a name that several bear; nothing
 * for a file that is gone or is not plain JavaScript.
 */
export function functionPlaces(path: string): ReadonlyMap<string, FunctionPlace | undefined> {
  const found = new Map<string, FunctionPlace | undefined>();
  try {
    const text = readFileSync(path, "utf8");
    const acorn = createRequire(import.meta.url)("acorn") as { parse: typeof parse };
    const tree = acorn.parse(text, {
      ecmaVersion: "latest",
      allowReturnOutsideFunction: true,
      allowHashBang: true,
    });
    const lines = lineStarts(text);
    visit(tree as Node as SyntaxNode, "", (name, node) =>
      found.set(name, found.has(name) ? undefined : placeOf(text, lines, node)),
    );
  } catch {
    // a module that is no file any more, or TypeScript: its name stands alone
  }
  return found;
}

type Found = (name: string, node: SyntaxNode) => void;

/** Fields through which a name reaches the function, or the class and so its constructor, that it stands for. */
const NAMED_FIELDS: ReadonlySet<string> = new Set(["init", "value", "right", "body"]);

/** Calls back with every named function; `given` is the name that a node takes from where it stands. */
function visit(node: SyntaxNode, given: string, found: Found): void {
  const own = (node["id"] as { name?: string } | null | undefined)?.name ?? given;
  if (isFunction(node) && own !== "") found(own, node);
  const name = nameWithin(node, own);
  for (const [field, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
      if (isNode(child)) visit(child, NAMED_FIELDS.has(field) ? name : "", found);
  }
}

/** The name that the value of a declaration, an assignment, a property or a class gets. */
function nameWithin(node: SyntaxNode, own: string): string {
  switch (node.type) {
    case "VariableDeclarator":
      return identifier(node["id"]);
    case "AssignmentExpression":
    case "AssignmentPattern":
      return identifier(node["left"]);
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
      return node["kind"] === "constructor" ? own : propertyName(node);
    case "ClassDeclaration":
    case "ClassExpression":
    case "ClassBody":
      return own;
    default:
      return "";
  }
}

function propertyName(node: SyntaxNode): string {
  const name = node["computed"] === true ? "" : identifier(node["key"]);
  if (name === "") return "";
  return node["kind"] === "get" || node["kind"] === "set" ? `${node["kind"]} ${name}` : name;
}

/** `name`, or `object.name` as V8 calls a function that is assigned to a property. */
function identifier(value: unknown): string {
  if (!isNode(value)) return "";
  if (value.type === "Identifier") return String(value["name"]);
  if (value.type === "PrivateIdentifier") return `#${String(value["name"])}`;
  if (value.type !== "MemberExpression" || value["computed"] === true) return "";
  const [object, property] = [identifier(value["object"]), identifier(value["property"])];
  return object === "" ? property : `${object}.${property}`;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isFunction({ type }: Node): boolean {
  return type.endsWith("FunctionExpression") || type === "FunctionDeclaration";
}

function placeOf(text: string, lines: readonly number[], node: SyntaxNode): FunctionPlace {
  const arrow = node.type === "ArrowFunctionExpression";
  const from = (node["id"] as Node | null | undefined)?.end ?? node.start;
  const position = arrow ? node.start : text.indexOf("(", from);
  const line = lines.findLastIndex((start) => start <= position);
  return { line, column: position - lines[line]! };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
