import type { Node } from "acorn";

/**
 * What the text of a script says about its functions: which variables each uses from outside, which of those are
 * ever assigned, and where `this`, `super`, private names and the like come from. V8 tells the values, this tells
 * the names.
 */
export interface Analysis {
  readonly text: string;
  /** Every function and class by where it ends; outer before inner. */
  readonly byEnd: ReadonlyMap<number, readonly FunctionNode[]>;
  readonly references: readonly Reference[];
  readonly uses: readonly Use[];
  readonly exports: ReadonlyMap<string, string>;
  readonly module: boolean;
}

/** An acorn node, loosely typed: the walk below looks at fields by name. */
export interface SyntaxNode extends Node {
  readonly [field: string]: any;
}

export interface FunctionNode {
  readonly node: SyntaxNode;
  /** The member, property or export the function stands in, when it stands directly in one. */
  readonly parent: SyntaxNode;
  readonly strict: boolean;
  /** The function around it, or null at the top level of the script. */
  readonly outer: FunctionNode | null;
}

export interface Scope {
  readonly start: number;
  readonly end: number;
  readonly parent: Scope | null;
  readonly isFunction: boolean;
  readonly variables: Map<string, Variable>;
}

export interface Variable {
  readonly name: string;
  readonly scope: Scope;
  readonly declaration: SyntaxNode;
  readonly imported: ImportSource | null;
  /** Assigned anywhere but in its declaration. */
  assigned: boolean;
}

export interface ImportSource {
  readonly specifier: string;
  /** The export's name, `default`, or `*` for the namespace. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Reference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  /** `{ x }`: replacing the reference must keep the key. */
  readonly shorthand: boolean;
  /** The property read directly from it, as in `x.prop`; null for any other use. */
  readonly property: string | null;
  readonly scope: Scope;
  /** Null for a global, or for anything outside an analysed fragment. */
  variable: Variable | null;
}

export type UseKind =
  | "this"
  | "super"
  | "new.target"
  | "arguments"
  | "import.meta"
  | "import()"
  | "private"
  | "eval";

export interface Use {
  readonly kind: UseKind;
  readonly start: number;
  readonly end: number;
  /** Where the function or class begins that gives it its meaning. */
  readonly owner: number;
  readonly property: string | null;
}
