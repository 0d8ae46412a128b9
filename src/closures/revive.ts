import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type Made, compileGroup, compileUnit } from "./compile.ts";
import { adopt } from "./realm.ts";
import { classById, register } from "./identity.ts";
import { importFailure, importFrom, loadedFrom, whileImporting } from "./importer.ts";
import { builtinAt, intrinsicAt } from "./intrinsics.ts";
import {
  bundlerImport,
  coverageStub,
  importMeta,
  interopNamespace,
  liveHolder,
  poisoned,
} from "./stand-ins.ts";
import { createObject, fillObject, defineProperties, seal } from "./revive-object.ts";
import { rememberSpecial } from "./specials.ts";
import { type FunctionWire, type ImportWire, type Payload, type Slot, type WireNode, NONE } from "./wire.ts";

/**
 * Rebuilds a shipped function. Never give it a payload from a peer you do not trust: it holds code. Modules are
 * imported first; that failing rejects with a SerializationError of code IMPORT_FAILED, before any of the
 * function's own code has run.
 */
export async function revive(payload: Payload): Promise<Function> {
  return (await reviveValue(payload)) as Function;
}

/** Rebuilds any encoded value; a Promise only when something must be imported first. */
export function reviveValue(payload: Payload): unknown {
  const missing = payload.nodes.flatMap(importsOf).filter((wire) => namespaceOf(wire) === undefined);
  const build = (): unknown => new Reviver(payload).root();
  if (missing.length === 0) return build();
  return Promise.all(
    missing.map(({ base, specifier, attributes }) => importFrom(base, specifier, attributes)),
  ).then(build);
}

function importsOf(node: WireNode): ImportWire[] {
  if (node.kind === "import") return [node];
  if (node.kind === "live") return node.names.map(({ from }) => from);
  if (node.kind === "share") return [shareImport(node.url, node.name)];
  return [];
}

function shareImport(url: string, name: string): ImportWire {
  return { kind: "import", base: url, specifier: url, attributes: {}, path: [name] };
}

function namespaceOf({ base, specifier, attributes }: ImportWire): Record<string, unknown> | undefined {
  return loadedFrom(base, specifier, attributes);
}

/** Captured variables of the classes that were revived here, to renew them when the class comes again. */
const classSetters = new WeakMap<Function, Made["set"]>();

class Reviver {
  readonly #payload: Payload;
  readonly #values = new Map<Slot, unknown>();
  /** What remains to be done once everything it refers to exists. */
  readonly #jobs: (() => void)[] = [];
  readonly #last: (() => void)[] = [];
  /** Classes being made: what refers to them must wait. */
  readonly #unfinished = new Set<Slot>();
  readonly #grouped = new Map<Slot, { make: () => Made; cells: ReadonlySet<string> }>();

  constructor(payload: Payload) {
    this.#payload = payload;
  }

  root(): unknown {
    this.#compileGroups();
    const value = this.#get(this.#payload.root);
    this.#drain();
    for (const job of this.#last) job();
    return value;
  }

  #get(slot: Slot): unknown {
    if (slot === NONE) return undefined;
    if (this.#values.has(slot)) return this.#values.get(slot);
    const value = this.#make(slot, this.#payload.nodes[slot]!);
    this.#values.set(slot, value);
    return value;
  }

  #make(slot: Slot, node: WireNode): unknown {
    switch (node.kind) {
      case "raw":
        return adopt(node.value);
      case "symbol":
        return toSymbol(node);
      case "intrinsic":
        return intrinsicAt(node.path);
      case "builtin":
        return builtinAt(node);
      case "import":
        return follow(namespaceOf(node), node);
      case "require":
        return requireFrom(node.file, node.path);
      case "importer":
        return rememberSpecial(bundlerImport(node.base), node);
      case "requirer":
        return rememberSpecial(createRequire(node.file), node);
      case "interop":
        return interopNamespace(this.#get(node.module), node.nodeMode);
      case "origin":
        return classById(node.id) ?? stranger(node.name);
      case "share":
        return (
          follow(namespaceOf(shareImport(node.url, node.name)), shareImport(node.url, node.name)) as Function
        )(this.#complete(node.state));
      case "bound":
        return (this.#get(node.target) as Function).bind(
          this.#get(node.receiver),
          ...node.args.map((arg) => this.#get(arg)),
        ) as unknown;
      case "prototype":
        return (this.#get(node.of) as Function).prototype as unknown;
      case "live":
        return rememberSpecial(
          liveHolder(
            node.names.map(({ alias, from }) => ({ alias, read: () => follow(namespaceOf(from), from) })),
          ),
          node,
        );
      case "meta":
        return rememberSpecial(importMeta(node.url), node);
      case "coverage":
        return rememberSpecial(coverageStub(), node);
      case "poison":
        return poisoned(node);
      case "function":
        return (
          this.#known(slot, node) ?? (node.isClass ? this.#class(slot, node) : this.#function(slot, node))
        );
      case "object":
        return this.#object(node);
    }
  }

  /** A value with all its parts, for code that is about to look at it. */
  #complete(slot: Slot): unknown {
    const value = this.#get(slot);
    this.#drain();
    return value;
  }

  #object(node: Extract<WireNode, { kind: "object" }>): unknown {
    const get = (slot: Slot): unknown => this.#get(slot);
    const object = createObject(node, get);
    if (node.proto !== NONE) {
      const adopt = (): void => void Object.setPrototypeOf(object, this.#get(node.proto) as object | null);
      const proto = this.#payload.nodes[node.proto]!;
      if (proto.kind === "prototype" && this.#unfinished.has(proto.of)) this.#last.push(adopt);
      else adopt();
    }
    this.#jobs.push(() => fillObject(object, node, get));
    if (node.integrity !== "") this.#last.push(() => seal(object, node.integrity));
    return object;
  }

  #function(slot: Slot, node: FunctionWire): Function {
    const names = this.#payload.units[node.unit]!.params;
    const receiver = node.receiver === NONE ? undefined : this.#get(node.receiver);
    const { value, set } = this.#build(slot, node, receiver, []);
    if (node.classId !== "") remember(node.classId, value, set);
    this.#jobs.push(() => {
      names.forEach((name, i) => this.#assign(set, name, node.env[i]!));
      if (node.parent !== NONE) Object.setPrototypeOf(value, this.#get(node.parent) as object);
      if (node.prototypeParent !== NONE)
        Object.setPrototypeOf(value.prototype, this.#get(node.prototypeParent) as object);
      this.#decorate(value, node);
    });
    return value;
  }

  #class(slot: Slot, node: FunctionWire): Function {
    const { params } = this.#payload.units[node.unit]!;
    this.#unfinished.add(slot);
    const values = node.env.map((value) => (this.#unfinished.has(value) ? undefined : this.#get(value)));
    // Static initialisers run with the class, and may call what it captures.
    this.#drain();
    const { value, set } = this.#build(slot, node, undefined, values);
    this.#unfinished.delete(slot);
    this.#last.push(() => params.forEach((name, i) => this.#assign(set, name, node.env[i]!)));
    this.#jobs.push(() => this.#decorate(value, node));
    remember(node.classId, value, set);
    return value;
  }

  /** A class that is here already keeps its identity and gets the captures of now. */
  #known(slot: Slot, node: FunctionWire): Function | undefined {
    if (node.classId === "" || this.#grouped.has(slot)) return undefined;
    const cls = classById(node.classId);
    const set = cls && classSetters.get(cls);
    if (cls === undefined || set === undefined) return cls;
    const { params } = this.#payload.units[node.unit]!;
    this.#jobs.push(() => {
      params.forEach((name, i) => this.#assign(set, name, node.env[i]!));
      this.#decorate(cls, node);
    });
    return cls;
  }

  #build(slot: Slot, node: FunctionWire, receiver: unknown, values: readonly unknown[]): Made {
    const group = this.#grouped.get(slot);
    const unit = this.#payload.units[node.unit]!;
    if (group === undefined) return compileUnit(unit)(receiver, values);
    return group.make();
  }

  #assign(set: Made["set"], name: string, slot: Slot): void {
    if (this.#unfinished.has(slot)) this.#last.push(() => set[name]?.(this.#get(slot)));
    else set[name]?.(this.#get(slot));
  }

  #decorate(fn: Function, node: FunctionWire): void {
    const get = (slot: Slot): unknown => this.#get(slot);
    if (fn.name !== node.name) Object.defineProperty(fn, "name", { value: node.name, configurable: true });
    defineProperties(fn, node.props, get);
    if (node.prototype.length > 0) defineProperties(fn.prototype as object, node.prototype, get);
  }

  #compileGroups(): void {
    for (const group of this.#payload.groups) {
      const cells = group.cells.map((cell) => cell.name);
      const members = group.members.map((slot) => {
        const unit = this.#payload.units[(this.#payload.nodes[slot] as FunctionWire).unit]!;
        const shared = new Set(group.cells.filter((c) => c.users.includes(slot)).map((c) => c.name));
        return { slot, unit, own: unit.params.filter((name) => !shared.has(name)), shared };
      });
      const { set, factories } = compileGroup(cells, members);
      members.forEach(({ slot, own, unit, shared }, i) => {
        const node = this.#payload.nodes[slot] as FunctionWire;
        const values = (): unknown[] => own.map((name) => this.#early(node.env[unit.params.indexOf(name)]!));
        const make = (): Made => {
          const receiver = node.receiver === NONE ? undefined : this.#get(node.receiver);
          return factories[i]!(receiver, node.isClass ? values() : []);
        };
        this.#grouped.set(slot, { make, cells: shared });
      });
      this.#jobs.push(() => {
        for (const { name, value } of group.cells) this.#assign(set, name, value);
      });
    }
  }

  #early(slot: Slot): unknown {
    return this.#unfinished.has(slot) ? undefined : this.#get(slot);
  }

  #drain(): void {
    for (let job = this.#jobs.pop(); job !== undefined; job = this.#jobs.pop()) job();
  }
}

function remember(id: string, cls: Function, set: Made["set"]): void {
  register(id, cls);
  classSetters.set(cls, set);
}

function toSymbol(node: Extract<WireNode, { kind: "symbol" }>): symbol {
  if (node.type === "registered") return Symbol.for(node.key);
  if (node.type === "well-known") return (Symbol as unknown as Record<string, symbol>)[node.key]!;
  return Symbol(node.key);
}

function follow(namespace: Record<string, unknown> | undefined, { path, specifier }: ImportWire): unknown {
  let value: unknown = namespace;
  // A CommonJS module whose exports Node could not foresee has them all on its default.
  const main = namespace?.["default"];
  if (path.length > 0 && !(path[0]! in namespace!) && Object(main) === main && path[0]! in Object(main))
    value = main;
  for (const key of path) {
    if (value === null || value === undefined || !(key in Object(value)))
      throw new TypeError(`The module "${specifier}" has no export ${path.join(".")} on the receiving side`);
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function requireFrom(file: string, path: readonly string[]): unknown {
  let value = required(file);
  for (const key of path) value = (value as Record<string, unknown>)[key];
  return value;
}

function required(file: string): unknown {
  try {
    return whileImporting(() => createRequire(pathToFileURL(file))(file) as unknown);
  } catch (cause) {
    throw importFailure(`The module ${file}`, cause);
  }
}

/** Stands for a class that was dropped on this side while its instance was away. */
function stranger(name: string): Function {
  return { [name]: class {} }[name]!;
}
