import type { Node } from "acorn";
import type {
  Analysis,
  FunctionNode,
  ImportSource,
  Reference,
  Scope,
  SyntaxNode,
  Use,
  UseKind,
  Variable,
} from "./syntax.ts";

interface Place {
  readonly scope: Scope;
  /** Start of what gives `this`, `super` and `arguments` their meaning here. */
  readonly owner: number;
  readonly fn: FunctionNode | null;
  readonly strict: boolean;
  /** Private names declared by the classes around, with the start of the class. */
  readonly privates: ReadonlyMap<string, number>;
}

/** One pass over a syntax tree: declares names, notes references, and resolves them when all are known. */
export class Walk {
  readonly #text: string;
  readonly #module: boolean;
  readonly #functions: FunctionNode[] = [];
  readonly #references: Reference[] = [];
  readonly #uses: Use[] = [];
  readonly #exports = new Map<string, string>();

  constructor(text: string, module: boolean) {
    this.#text = text;
    this.#module = module;
  }

  program(node: SyntaxNode): void {
    const scope = newScope(node, null, true);
    const strict = this.#module || hasDirective(node["body"]);
    this.#all(node["body"], { scope, owner: -1, fn: null, strict, privates: new Map() }, node);
  }

  finish(): Analysis {
    for (const reference of this.#references) {
      const variable = lookup(reference.scope, reference.name);
      reference.variable = variable;
      if (variable !== null && reference.write) variable.assigned = true;
    }
    this.#references.sort((a, b) => a.start - b.start);
    this.#uses.sort((a, b) => a.start - b.start);
    return {
      text: this.#text,
      byEnd: Map.groupBy(this.#functions, (fn) => fn.node.end),
      references: this.#references,
      uses: this.#uses,
      exports: this.#exports,
      module: this.#module,
    };
  }

  #all(nodes: readonly (SyntaxNode | null)[], place: Place, parent: SyntaxNode): void {
    for (const node of nodes) this.#visit(node, place, parent);
  }

  #visit(node: SyntaxNode | null | undefined, place: Place, parent: SyntaxNode): void {
    if (node == null) return;
    const handler = HANDLERS[node.type];
    if (handler !== undefined) handler.call(this, node, place, parent);
    else this.children(node, place);
  }

  children(node: SyntaxNode, place: Place): void {
    for (const key of Object.keys(node)) {
      const value: unknown = node[key];
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.#visit(item, place, node);
      } else if (isNode(value)) this.#visit(value, place, node);
    }
  }

  block(node: SyntaxNode, place: Place): void {
    this.children(node, { ...place, scope: newScope(node, place.scope, false) });
  }

  identifier(node: SyntaxNode, place: Place, parent: SyntaxNode): void {
    if (node["name"] === "arguments" && lookup(place.scope, "arguments") === null)
      this.use("arguments", node, place.owner, parent);
    else this.reference(node, place.scope, parent, false, false);
  }

  reference(node: SyntaxNode, scope: Scope, parent: SyntaxNode, write: boolean, shorthand: boolean): void {
    this.#references.push({
      name: node["name"] as string,
      start: node.start,
      end: node.end,
      write,
      shorthand,
      property: propertyRead(node, parent),
      scope,
      variable: null,
    });
  }

  use(kind: UseKind, node: SyntaxNode, owner: number, parent: SyntaxNode): void {
    const { start, end } = node;
    this.#uses.push({ kind, start, end, owner, property: propertyRead(node, parent) });
  }

  fn(node: SyntaxNode, place: Place, parent: SyntaxNode): void {
    if (node.type === "FunctionDeclaration") declare(place.scope, node["id"], node);
    const arrow = node.type === "ArrowFunctionExpression";
    const body = node["body"] as SyntaxNode;
    const strict = place.strict || (body.type === "BlockStatement" && hasDirective(body["body"]));
    const fn: FunctionNode = { node, parent, strict, outer: place.fn };
    this.#functions.push(fn);
    const scope = newScope(node, place.scope, true);
    if (node.type === "FunctionExpression" && node["id"] != null) declare(scope, node["id"], node);
    const owner = arrow ? place.owner : node.start;
    const inside: Place = { ...place, scope, owner, fn, strict };
    for (const parameter of node["params"] as SyntaxNode[]) this.pattern(parameter, inside, scope, node);
    if (body.type === "BlockStatement") this.#all(body["body"], inside, body);
    else this.#visit(body, inside, node);
  }

  cls(node: SyntaxNode, place: Place, parent: SyntaxNode): void {
    if (node.type === "ClassDeclaration") declare(place.scope, node["id"], node);
    const fn: FunctionNode = { node, parent, strict: true, outer: place.fn };
    this.#functions.push(fn);
    const scope = newScope(node, place.scope, false);
    if (node["id"] != null) declare(scope, node["id"], node);
    const privates = new Map(place.privates);
    const members = node["body"]["body"] as SyntaxNode[];
    for (const { key } of members)
      if (key?.type === "PrivateIdentifier") privates.set(key.name as string, node.start);
    const inside: Place = { ...place, scope, strict: true, privates };
    this.#visit(node["superClass"], inside, node);
    for (const member of members) this.#member(member, inside, fn);
  }

  #member(member: SyntaxNode, place: Place, cls: FunctionNode): void {
    const fn = cls;
    if (member.type === "StaticBlock") {
      const scope = newScope(member, place.scope, true);
      this.children(member, { ...place, scope, owner: member.start, fn });
      return;
    }
    if (member["computed"] === true) this.#visit(member["key"], place, member);
    const initializer = member.type !== "MethodDefinition";
    const owner = initializer ? member.start : place.owner;
    const scope = initializer ? newScope(member, place.scope, true) : place.scope;
    this.#visit(member["value"], { ...place, owner, scope, fn }, member);
  }

  /** Declares the names of a pattern in `scope`; default values and computed keys are ordinary code. */
  pattern(node: SyntaxNode | null, place: Place, scope: Scope, declaration: SyntaxNode): void {
    if (node === null) return;
    if (node.type === "Identifier") declare(scope, node, declaration);
    else if (node.type === "AssignmentPattern") {
      this.pattern(node["left"], place, scope, declaration);
      this.#visit(node["right"], place, node);
    } else if (node.type === "RestElement") this.pattern(node["argument"], place, scope, declaration);
    else if (node.type === "ArrayPattern")
      for (const element of node["elements"] as (SyntaxNode | null)[])
        this.pattern(element, place, scope, declaration);
    else if (node.type === "ObjectPattern") {
      for (const property of node["properties"] as SyntaxNode[]) {
        if (property["computed"] === true) this.#visit(property["key"], place, property);
        this.pattern(property["value"] ?? property["argument"], place, scope, declaration);
      }
    }
  }

  /** The left side of an assignment: identifiers are written, everything else is ordinary code. */
  target(node: SyntaxNode | null, place: Place, parent: SyntaxNode): void {
    if (node === null) return;
    if (node.type === "Identifier") this.reference(node, place.scope, parent, true, false);
    else if (node.type === "AssignmentPattern") {
      this.target(node["left"], place, node);
      this.#visit(node["right"], place, node);
    } else if (node.type === "RestElement") this.target(node["argument"], place, node);
    else if (node.type === "ArrayPattern")
      for (const element of node["elements"] as (SyntaxNode | null)[]) this.target(element, place, node);
    else if (node.type === "ObjectPattern") {
      for (const property of node["properties"] as SyntaxNode[]) {
        if (property["computed"] === true) this.#visit(property["key"], place, property);
        this.target(property["value"] ?? property["argument"], place, property);
      }
    } else this.#visit(node, place, parent);
  }

  visit(node: SyntaxNode | null | undefined, place: Place, parent: SyntaxNode): void {
    this.#visit(node, place, parent);
  }

  exported(local: string, name: string): void {
    this.#exports.set(local, name);
  }
}

type Handler = (this: Walk, node: SyntaxNode, place: Place, parent: SyntaxNode) => void;

const HANDLERS: Record<string, Handler> = {
  Identifier(node, place, parent) {
    this.identifier(node, place, parent);
  },
  FunctionDeclaration(node, place, parent) {
    this.fn(node, place, parent);
  },
  FunctionExpression(node, place, parent) {
    this.fn(node, place, parent);
  },
  ArrowFunctionExpression(node, place, parent) {
    this.fn(node, place, parent);
  },
  ClassDeclaration(node, place, parent) {
    this.cls(node, place, parent);
  },
  ClassExpression(node, place, parent) {
    this.cls(node, place, parent);
  },
  BlockStatement(node, place) {
    this.block(node, place);
  },
  ForStatement(node, place) {
    this.block(node, place);
  },
  SwitchStatement(node, place) {
    this.block(node, place);
  },
  ForInStatement: loop,
  ForOfStatement: loop,
  CatchClause(node, place) {
    const scope = newScope(node, place.scope, false);
    const inside = { ...place, scope };
    this.pattern(node["param"], inside, scope, node);
    this.visit(node["body"], inside, node);
  },
  VariableDeclaration(node, place) {
    const scope = node["kind"] === "var" ? functionScope(place.scope) : place.scope;
    for (const declarator of node["declarations"] as SyntaxNode[]) {
      this.pattern(declarator["id"], place, scope, declarator);
      this.visit(declarator["init"], place, declarator);
    }
  },
  AssignmentExpression(node, place) {
    this.target(node["left"], place, node);
    this.visit(node["right"], place, node);
  },
  UpdateExpression(node, place) {
    this.target(node["argument"], place, node);
  },
  MemberExpression(node, place) {
    this.visit(node["object"], place, node);
    if (node["computed"] === true || node["property"].type === "PrivateIdentifier")
      this.visit(node["property"], place, node);
  },
  PrivateIdentifier(node, place, parent) {
    this.use("private", node, place.privates.get(node["name"] as string) ?? -1, parent);
  },
  Property(node, place) {
    if (node["computed"] === true) this.visit(node["key"], place, node);
    if (node["shorthand"] === true && node["value"].type === "Identifier")
      this.reference(node["value"], place.scope, node, false, true);
    else this.visit(node["value"], place, node);
  },
  ThisExpression(node, place, parent) {
    this.use("this", node, place.owner, parent);
  },
  Super(node, place, parent) {
    this.use("super", node, place.owner, parent);
  },
  MetaProperty(node, place, parent) {
    if (node["meta"].name === "import") this.use("import.meta", node, -1, parent);
    else this.use("new.target", node, place.owner, parent);
  },
  ImportExpression(node, place, parent) {
    this.use("import()", node, -1, parent);
    this.children(node, place);
  },
  CallExpression(node, place, parent) {
    if (node["callee"].type === "Identifier" && node["callee"].name === "eval")
      this.use("eval", node, -1, parent);
    this.children(node, place);
  },
  ImportDeclaration(node, place) {
    const attributes: Record<string, string> = {};
    for (const { key, value } of (node["attributes"] ?? []) as SyntaxNode[])
      attributes[(key.name ?? key.value) as string] = value.value as string;
    const specifier = node["source"].value as string;
    for (const item of node["specifiers"] as SyntaxNode[])
      declare(place.scope, item["local"], item, { specifier, name: importedName(item), attributes });
  },
  ExportNamedDeclaration(node, place) {
    this.visit(node["declaration"], place, node);
    if (node["source"] != null) return;
    for (const { local, exported } of node["specifiers"] as SyntaxNode[]) {
      this.exported(local.name as string, (exported.name ?? exported.value) as string);
      this.reference(local, place.scope, node, false, true);
    }
    for (const name of declaredNames(node["declaration"])) this.exported(name, name);
  },
  ExportDefaultDeclaration(node, place) {
    const { declaration } = node;
    if (declaration.id != null) this.exported(declaration.id.name as string, "default");
    if (declaration.type === "Identifier") this.exported(declaration.name as string, "default");
    this.visit(declaration, place, node);
  },
  ExportAllDeclaration() {},
  LabeledStatement(node, place) {
    this.visit(node["body"], place, node);
  },
  BreakStatement() {},
  ContinueStatement() {},
};

function loop(this: Walk, node: SyntaxNode, place: Place): void {
  const inside = { ...place, scope: newScope(node, place.scope, false) };
  const { left } = node;
  if (left.type === "VariableDeclaration") this.visit(left, inside, node);
  else this.target(left, inside, node);
  this.visit(node["right"], inside, node);
  this.visit(node["body"], inside, node);
}

function importedName(item: SyntaxNode): string {
  if (item.type === "ImportNamespaceSpecifier") return "*";
  if (item.type === "ImportDefaultSpecifier") return "default";
  return (item["imported"].name ?? item["imported"].value) as string;
}

function declaredNames(declaration: SyntaxNode | null): string[] {
  if (declaration === null) return [];
  if (declaration.type !== "VariableDeclaration") return [declaration["id"].name as string];
  return (declaration["declarations"] as SyntaxNode[]).flatMap((d) => patternNames(d["id"]));
}

function patternNames(node: SyntaxNode | null): string[] {
  if (node === null) return [];
  if (node.type === "Identifier") return [node["name"] as string];
  const parts: (SyntaxNode | null)[] = node["elements"] ??
    node["properties"] ?? [node["left"] ?? node["argument"] ?? node["value"] ?? null];
  return parts.flatMap((part) => patternNames(part?.type === "Property" ? part["value"] : part));
}

/** `x.name` and `x["name"]` where x is read and nothing else: then only that property of x matters. */
function propertyRead(node: SyntaxNode, parent: SyntaxNode): string | null {
  if (parent.type !== "MemberExpression" || parent["object"] !== node) return null;
  if (parent["computed"] !== true)
    return parent["property"].type === "Identifier" ? parent["property"].name : null;
  return typeof parent["property"].value === "string" ? parent["property"].value : null;
}

function newScope(node: SyntaxNode, parent: Scope | null, isFunction: boolean): Scope {
  return { start: node.start, end: node.end, parent, isFunction, variables: new Map() };
}

function functionScope(scope: Scope): Scope {
  let current = scope;
  while (!current.isFunction && current.parent !== null) current = current.parent;
  return current;
}

function declare(
  scope: Scope,
  id: SyntaxNode | null,
  declaration: SyntaxNode,
  imported: ImportSource | null = null,
): void {
  if (id == null) return;
  const name = id["name"] as string;
  const before = scope.variables.get(name);
  if (before !== undefined) before.assigned = true;
  else scope.variables.set(name, { name, scope, declaration, imported, assigned: false });
}

function lookup(scope: Scope, name: string): Variable | null {
  for (let s: Scope | null = scope; s !== null; s = s.parent) {
    const variable = s.variables.get(name);
    if (variable !== undefined) return variable;
  }
  return null;
}

function hasDirective(body: readonly SyntaxNode[]): boolean {
  return body.some((statement) => statement["directive"] === "use strict");
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
