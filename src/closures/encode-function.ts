import { warnOfAssignedCapture } from "./assigned-capture.ts";
import type { SyntaxNode, Use } from "./syntax.ts";
import { whereIs } from "./capture-error.ts";
import { captureVariable } from "./captured.ts";
import { encodeProperties } from "./encode-properties.ts";
import type { Encoding } from "./encoding.ts";
import { type Free, freeOf } from "./free.ts";
import { idOf, knownId } from "./identity.ts";
import { intrinsicPath, isLanguage, isOwnIntrinsic, namedNode } from "./intrinsics.ts";
import type { Located } from "./probe.ts";
import { captureThis } from "./receiver.ts";
import { referenceOf } from "./ref.ts";
import { exportOf } from "./reference.ts";
import { type Place, findFunction, placeOfText } from "./scripts.ts";
import { HERITAGE, IMPORT_META, type LiveImport, buildUnit, liveNames } from "./unit.ts";
import { type FunctionWire, type ImportWire, type Property, type Slot, NONE } from "./wire.ts";

/** Gives a function or class its node: by name where the other side can find it, else by its text and captures. */
export function encodeFunction(enc: Encoding, fn: Function): void {
  const reference = referenceOf(fn);
  if (reference !== undefined) {
    const { url, name } = reference;
    return void enc.reserve(fn, { kind: "import", base: url, specifier: url, attributes: {}, path: [name] });
  }
  const id = enc.back ? knownId(fn) : undefined;
  if (id !== undefined) return void enc.reserve(fn, { kind: "origin", id, name: fn.name });
  const text = Function.prototype.toString.call(fn);
  const native = text.endsWith("{ [native code] }");
  const at = native ? undefined : locate(enc, fn);
  if (at === undefined || "failure" in at || !isProgramsOwn(enc, fn, at)) {
    const named = namedNode(fn);
    if (named !== undefined) return void enc.reserve(fn, named);
  }
  if (at === undefined) encodeNative(enc, fn);
  else if ("failure" in at) encodeUnlocated(enc, fn, text, at.failure);
  else encodeLocated(enc, fn, text, at);
}

function locate(enc: Encoding, fn: Function): Located | { readonly failure: unknown } {
  try {
    return enc.probe.locate(fn);
  } catch (failure) {
    return { failure };
  }
}

/**
 * Whether a function surely comes from the program's own code, so that its name need not be looked for among all that
 * Node has: it stands in an ES module, which Node's own code never does, or in a script that is on the stack.
 */
function isProgramsOwn(enc: Encoding, fn: Function, { scopes, scriptId }: Located): boolean {
  if (isOwnIntrinsic(fn)) return false;
  if (scopes.some((scope) => scope.type === "Module")) return true;
  const script = enc.stack.get(scriptId);
  return script !== undefined && !script.startsWith("node:");
}

function encodeLocated(enc: Encoding, fn: Function, text: string, at: Located): void {
  const place = findFunction(at, text, () => enc.stack, enc.probe);
  if (place === undefined) refuseSource(enc);
  if (place.script.url.startsWith("node:")) refuseNative(enc, fn);
  if (hasPrivateMembers(place.fn.node)) enc.privateClasses.set(fn, place.script.url);
  const exported = exportOf(fn, at, place, enc);
  if (exported !== undefined) enc.reserve(fn, exported);
  else encodeByValue(enc, fn, at, place);
}

/** Without the inspector, only a function that uses nothing but the language can travel. */
function encodeUnlocated(enc: Encoding, fn: Function, text: string, failure: unknown): void {
  const place = aloneInText(text);
  if (place === undefined) throw failure;
  encodeByValue(enc, fn, { scriptId: "", line: 0, column: 0, scopes: [] }, place);
}

function aloneInText(text: string): Place | undefined {
  const place = placeOfText(text);
  if (place === undefined) return undefined;
  const { variables, uses } = freeOf(place);
  return uses.length === 0 && variables.every(({ name }) => isLanguage(name)) ? place : undefined;
}

function encodeNative(enc: Encoding, fn: Function): void {
  if (!fn.name.startsWith("bound ")) refuseNative(enc, fn);
  const { target, receiver, args } = enc.probe.bound(fn);
  const node = enc.reserve(fn, { kind: "bound", target: NONE, receiver: NONE, args: [] as Slot[] } as const);
  Object.assign(node, {
    target: enc.encode(target, "bound function"),
    receiver: enc.encode(receiver, "bound `this`"),
    args: args.map((arg, i) => enc.encode(arg, `bound argument ${i}`)),
  });
}

function encodeByValue(enc: Encoding, fn: Function, at: Located, place: Place): void {
  const free = freeOf(place);
  refuseUses(enc, free.uses, place);
  const isClass = place.fn.node.type.startsWith("Class");
  const node: Mutable<FunctionWire> = {
    kind: "function",
    unit: -1,
    env: [],
    receiver: NONE,
    name: nameOf(fn),
    props: [],
    prototype: [],
    prototypeParent: NONE,
    parent: NONE,
    isClass,
    classId: isClass || isConstructor(fn) ? idOf(fn) : "",
    closed: free.variables.length === 0 && free.uses.length === 0,
  };
  enc.reserve(fn, node);
  const { holder } = enc;
  // A class mentions much that its instances never touch there: its captures count as indirect.
  enc.inside(isClass ? 2 : 1, () => {
    encodeParent(enc, fn, node, isClass, free);
    encodeEnvironment(enc, node, free, at, place, holder);
    encodeOwnProperties(enc, fn, node, place);
  });
}

function encodeEnvironment(
  enc: Encoding,
  node: Mutable<FunctionWire>,
  free: Free,
  at: Located,
  place: Place,
  holder: object | null,
): void {
  const params: string[] = [];
  const live: (LiveImport & { from: ImportWire })[] = [];
  const bind = (name: string, slot: Slot): void => {
    params.push(name);
    node.env.push(slot);
  };
  for (const variable of free.variables) {
    const captured = captureVariable(enc, variable, at, place);
    if (captured.kind === "live")
      live.push({ name: variable.name, references: variable.references, from: captured.from });
    else if (captured.kind === "value") {
      bind(variable.name, captured.slot);
      const declared = variable.variable;
      if (variable.written && enc.nodeAt(0) === node) warnOfAssignedCapture(variable, place);
      if (captured.scope !== null && declared?.assigned === true)
        enc.captured({
          fn: node,
          index: node.env.length - 1,
          place: place.fn,
          variable: declared,
          scope: captured.scope,
          written: variable.written,
        });
    }
  }
  const thises = free.uses.filter((use) => use.kind === "this");
  node.receiver = captureThis(enc, thises, at, place, holder);
  if (free.uses.some((use) => use.kind === "import.meta"))
    bind(IMPORT_META, enc.add({ kind: "meta", url: place.script.url }));
  if (node.parent !== NONE && free.heritage !== null) bind(HERITAGE, node.parent);
  const names = live.length === 0 ? null : liveNames(place, live);
  if (names !== null) {
    const entries = live.map(({ name, from }) => ({ alias: names.aliases.get(name)!, from }));
    bind(names.holder, enc.add({ kind: "live", names: entries }));
  }
  node.unit = enc.unit(buildUnit(place, free, params, live, names));
}

/** What a class extends, or what an old-style constructor was made to inherit from. */
function encodeParent(
  enc: Encoding,
  fn: Function,
  node: Mutable<FunctionWire>,
  isClass: boolean,
  free: Free,
): void {
  const parent = Object.getPrototypeOf(fn) as Function | null;
  if (isClass && free.heritage === null) return;
  if (isClass && free.heritage!.type === "Literal") return;
  if (parent === null || parent === Function.prototype) return;
  if (intrinsicPath(parent)?.at(-1) === "prototype") return;
  node.parent = enc.encode(parent, isClass ? `superclass ${parent.name}` : "[prototype]");
}

function encodeOwnProperties(enc: Encoding, fn: Function, node: Mutable<FunctionWire>, place: Place): void {
  const members = (place.fn.node["body"]?.body ?? []) as SyntaxNode[];
  const { isClass } = node;
  const keys = Reflect.ownKeys(fn).filter(
    (key) => !IMPLIED.has(key) && !(isClass && isDefined(fn, key, members, true)),
  );
  const described = enc.holding(fn, () => encodeProperties(enc, fn, keys));
  if (described.length > 0) enc.volatile();
  node.props = described;
  encodePrototypeOf(enc, fn, node, isClass, members);
}

function encodePrototypeOf(
  enc: Encoding,
  fn: Function,
  node: Mutable<FunctionWire>,
  isClass: boolean,
  members: readonly SyntaxNode[],
): void {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, "prototype")?.value;
  if (typeof prototype !== "object" || prototype === null) return;
  const keys = Reflect.ownKeys(prototype).filter(
    (key) => key !== "constructor" && !(isClass && isDefined(prototype, key, members, false)),
  );
  if (keys.length > 0) enc.volatile();
  node.prototype = encodeProperties(enc, prototype, keys) as Property[];
  const parent: object | null = Object.getPrototypeOf(prototype);
  if (isClass || parent === Object.prototype || parent === null || intrinsicPath(parent) !== undefined)
    return;
  const cls: unknown = Object.getOwnPropertyDescriptor(parent, "constructor")?.value;
  node.prototypeParent =
    typeof cls === "function" && cls.prototype === parent
      ? enc.add({ kind: "prototype", of: enc.encode(cls, `superclass ${cls.name}`) })
      : enc.encode(parent, "[prototype]");
}

/** Whether evaluating the class text defines this member again; static data is copied over what it defines. */
function isDefined(
  holder: object,
  key: PropertyKey,
  members: readonly SyntaxNode[],
  isStatic: boolean,
): boolean {
  const property = Object.getOwnPropertyDescriptor(holder, key)!;
  if ("value" in property && typeof property.value !== "function") return false;
  return members.some((member) => {
    if (member["static"] !== isStatic || member["key"] === undefined) return false;
    if (member["computed"] === true) return true;
    return member["key"].name === key || String(member["key"].value) === key;
  });
}

function hasPrivateMembers(node: SyntaxNode): boolean {
  if (!node.type.startsWith("Class")) return false;
  return (node["body"].body as SyntaxNode[]).some(
    (member) => member["static"] !== true && member["key"]?.type === "PrivateIdentifier",
  );
}

/** An old-style constructor, as compilers to ES5 make of a class: something was put on its prototype. */
function isConstructor(fn: Function): boolean {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, "prototype")?.value;
  if (typeof prototype !== "object" || prototype === null || !Object.hasOwn(prototype, "constructor"))
    return false;
  return Reflect.ownKeys(prototype).length > 1 || Object.getPrototypeOf(prototype) !== Object.prototype;
}

function nameOf(fn: Function): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, "name")?.value;
  return typeof name === "string" ? name : "";
}

function refuseUses(enc: Encoding, uses: readonly Use[], place: Place): void {
  for (const use of uses) {
    const refusal = REFUSED[use.kind];
    if (refusal === undefined) continue;
    enc.refuse({ ...refusal, code: `CAPTURE_${refusal.code}` }, whereIs(place, use.start));
  }
}

const REFUSED: Partial<Record<Use["kind"], { code: string; problem: string; hint: string }>> = {
  super: {
    code: "SUPER",
    problem: "`super` has no meaning away from its class or object",
    hint: "send the whole object, or call the method through it",
  },
  "new.target": {
    code: "NEW_TARGET",
    problem: "`new.target` of the function around it cannot travel",
    hint: "keep it in a variable and use that",
  },
  arguments: {
    code: "ARGUMENTS",
    problem: "`arguments` of the function around it cannot travel",
    hint: "use a rest parameter (`...args`) and capture that",
  },
  private: {
    code: "PRIVATE",
    problem: "a #private name has no meaning outside its class",
    hint: "send a value read before, or move the work into a method of the class",
  },
  eval: {
    code: "EVAL",
    problem: "direct `eval` could use any variable, so what to capture is unknown",
    hint: "write the code as a function",
  },
};

function refuseNative(enc: Encoding, fn: Function): never {
  return enc.refuse({
    code: "CAPTURE_NATIVE",
    problem: `${fn.name === "" ? "a function" : `\`${fn.name}\``} is native code that no global or module names`,
    hint: "call it inside a function of your own that gets at it there",
  });
}

function refuseSource(enc: Encoding): never {
  return enc.refuse({
    code: "CAPTURE_SOURCE",
    problem: "its source text cannot be found or read",
    hint: 'export it from a module and use ref(url, "name")',
  });
}

const IMPLIED: ReadonlySet<PropertyKey> = new Set(["length", "name", "prototype", "arguments", "caller"]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
