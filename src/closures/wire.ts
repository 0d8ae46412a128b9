import type { NamedNode } from "./intrinsics.ts";

/** Where a value is going. Threads share memory (SharedArrayBuffer); processes get bytes (`v8.serialize`). */
export type Target = "thread" | "process";

export interface ShipOptions {
  readonly to: Target;
}

/**
 * A graph of values and functions as plain data: structured-cloneable for threads, `v8.serialize`-able for
 * processes. Its inside is nobody's business but this folder's; it must come from the same version of this package.
 */
export interface Payload {
  readonly root: Slot;
  readonly nodes: readonly WireNode[];
  readonly units: readonly Unit[];
  readonly groups: readonly Group[];
}

export interface Shipment {
  /** Two shipments with the same key are the same function with the same captures; a worker may keep it revived. */
  readonly key: number;
  readonly payload: Payload;
  /** Whether nothing the function captures can change: then every `ship` of it returns the same key. */
  readonly stable: boolean;
  readonly name: string;
}

/** An index into the nodes. */
export type Slot = number;
/** Where a slot may be absent. */
export const NONE: Slot = -1;

/** The code of one function or class, without its captures. */
export interface Unit {
  /** The script it was written in; stack traces and relative imports speak of it. */
  readonly url: string;
  /** Where the text stood, from 0. */
  readonly line: number;
  readonly column: number;
  /** Characters before the text that V8's coverage must see, or -1 when no coverage is measured. */
  readonly offset: number;
  /** Length of the whole script, when coverage is measured. */
  readonly length: number;
  readonly text: string;
  /** Captured variables, in the order of the function node's `env`. */
  readonly params: readonly string[];
  /** How the text becomes an expression. */
  readonly form: "expression" | "method";
  readonly strict: boolean;
}

/** Functions that share variables which some of them assign: compiled together, over one set of variables. */
export interface Group {
  readonly cells: readonly Cell[];
  /** Nodes of the functions. */
  readonly members: readonly Slot[];
}

interface Cell {
  readonly name: string;
  readonly value: Slot;
  /** Nodes of the functions that share it; others of the group may have a variable of the same name. */
  readonly users: readonly Slot[];
}

/** A property: its key (a symbol by slot), attributes as bits, and either a value or a getter and a setter. */
export interface Property {
  readonly key: string | Slot;
  readonly attributes: number;
  readonly value: Slot;
  readonly get?: Slot;
  readonly set?: Slot;
}

export const WRITABLE = 1;
export const ENUMERABLE = 2;
export const CONFIGURABLE = 4;

export interface FunctionWire {
  readonly kind: "function";
  readonly unit: number;
  readonly env: Slot[];
  /** `this` of an arrow. */
  readonly receiver: Slot;
  readonly name: string;
  readonly props: readonly Property[];
  /** What was put on `prototype` beside what the text defines. */
  readonly prototype: readonly Property[];
  /** What `prototype` inherits from, when that was changed. */
  readonly prototypeParent: Slot;
  /** What the function itself inherits from: the superclass of a class. */
  readonly parent: Slot;
  /** Written as a class: evaluating it runs code that needs its captures. */
  readonly isClass: boolean;
  /** A class, or a function used as one, keeps its identity on both sides by this. */
  readonly classId: string;
  /** Uses nothing from outside at all, not even a global. */
  readonly closed: boolean;
}

export interface ObjectWire {
  readonly kind: "object";
  readonly type: ObjectType;
  /** Depends on the type: text, bytes, slots. */
  readonly data: unknown;
  /** NONE: the type's own prototype. */
  readonly proto: Slot;
  readonly props: readonly Property[];
  readonly integrity: "" | "sealed" | "frozen" | "fixed";
}

export type ObjectType =
  | "object"
  | "array"
  | "map"
  | "set"
  | "weakmap"
  | "weakset"
  | "date"
  | "regexp"
  | "error"
  | "view"
  | "buffer"
  | "url"
  | "searchParams"
  | "boxed";

export interface PoisonWire {
  readonly kind: "poison";
  readonly message: string;
  readonly code: string;
  readonly path: string;
  readonly where: string | null;
  readonly hint: string;
}

export interface ImportWire {
  readonly kind: "import";
  /** The module that wrote the import. */
  readonly base: string;
  readonly specifier: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** From the namespace to the value; empty for the namespace itself. */
  readonly path: readonly string[];
}

export type WireNode =
  | { readonly kind: "raw"; readonly value: unknown }
  | { readonly kind: "symbol"; readonly key: string; readonly type: "well-known" | "registered" | "fresh" }
  | NamedNode
  | { readonly kind: "require"; readonly file: string; readonly path: readonly string[] }
  | { readonly kind: "interop"; readonly module: Slot; readonly nodeMode: boolean }
  | { readonly kind: "origin"; readonly id: string; readonly name: string }
  | { readonly kind: "share"; readonly url: string; readonly name: string; readonly state: Slot }
  | { readonly kind: "bound"; readonly target: Slot; readonly receiver: Slot; readonly args: readonly Slot[] }
  | { readonly kind: "prototype"; readonly of: Slot }
  | {
      readonly kind: "live";
      readonly names: readonly { readonly alias: string; readonly from: ImportWire }[];
    }
  | { readonly kind: "meta"; readonly url: string }
  | { readonly kind: "importer"; readonly base: string }
  | { readonly kind: "requirer"; readonly file: string }
  | { readonly kind: "coverage" }
  | ImportWire
  | PoisonWire
  | FunctionWire
  | ObjectWire;
