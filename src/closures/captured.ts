import { createRequire, isBuiltin } from "node:module";
import { builtinPath, isOwnGlobal } from "./intrinsics.ts";
import { encodeProperty } from "./encode-properties.ts";
import { whereIs } from "./capture-error.ts";
import type { Encoding } from "./encoding.ts";
import type { FreeVariable } from "./free.ts";
import type { Reference, SyntaxNode, Use } from "./syntax.ts";
import type { LiveScope, Located } from "./probe.ts";
import { mayImport, mayImportFrom, requiredFile } from "./reference.ts";
import { type Place, asUrl } from "./scripts.ts";
import { toPath } from "./source-map.ts";
import { type ImportWire, type Property, type Slot, NONE } from "./wire.ts";

/** What became of a free variable: nothing (a global of both sides), a live import, or a value with its scope. */
export type Captured =
  | { readonly kind: "global" }
  | { readonly kind: "live"; readonly from: ImportWire }
  | { readonly kind: "value"; readonly slot: Slot; readonly scope: LiveScope | null };

/** Encodes one free variable of a function that travels by value. */
export function captureVariable(enc: Encoding, free: FreeVariable, at: Located, place: Place): Captured {
  const where = (): string => whereIs(place, free.references[0]!.start);
  return enc.written(where, () => capture(enc, free, at, place));
}

function capture(enc: Encoding, free: FreeVariable, at: Located, place: Place): Captured {
  const { name, variable, references } = free;
  const label = `captured variable \`${name}\``;
  const scope = scopeOf(at, name);
  const imported = variable?.imported ?? (place.whole ? null : importIn(place, name, scope));
  if (imported != null) {
    const { specifier, attributes } = imported;
    const path = imported.name === "*" ? [] : [imported.name];
    const from: ImportWire = { kind: "import", base: place.script.url, specifier, attributes, path };
    if (mayImportFrom(from.base, specifier, enc)) return repeatImport(enc, from, scope, name);
  }
  if (scope === null) return withoutScope(enc, free);
  const value = readVariable(enc, scope, free);
  if (variable === null || variable.assigned) enc.volatile();
  const special = commonJs(enc, free, value, place) ?? compiled(enc, free, value, place);
  if (special !== undefined) return { kind: "value", slot: special, scope: null };
  const slot = isNamespaceLike(name, value)
    ? encodePicked(enc, value as object, references)
    : enc.encode(value, label);
  return { kind: "value", slot, scope };
}

/**
 * Encodes an object of which only the properties read by `uses` matter, when that is all that is done with it. Whoever
 * else picks from the same object adds to it: what one function assigns there, another sees.
 */
export function encodePicked(enc: Encoding, value: object, uses: readonly (Reference | Use)[]): Slot {
  enc.volatile();
  const names = uses.some((use) => use.property === null)
    ? Object.keys(value)
    : uses.map((use) => use.property!);
  let picked = enc.picked.get(value);
  if (picked === undefined) {
    const props: Property[] = [];
    const slot = enc.add({
      kind: "object",
      type: "object",
      data: undefined,
      proto: NONE,
      props,
      integrity: "",
    });
    enc.picked.set(value, (picked = { slot, props, names: new Set() }));
  }
  for (const name of names) {
    if (picked.names.has(name)) continue;
    picked.names.add(name);
    picked.props.push(pick(enc, value, name));
  }
  return picked.slot;
}

function pick(enc: Encoding, value: object, key: string): Property {
  const getter = Object.getOwnPropertyDescriptor(value, key)?.get;
  // A compiler's getter of an export is a live view of its variable.
  if (getter !== undefined && isNamespace(value)) return encodeProperty(enc, value, key);
  return { key, attributes: 7, value: enc.encode((value as Record<string, unknown>)[key], `.${key}`) };
}

function scopeOf(at: Located, name: string): LiveScope | null {
  return at.scopes.find((scope) => scope.type !== "Global" && name in scope.variables) ?? null;
}

/** Functions, namespaces and Node's modules cannot change; any other export may be a `let` of its module. */
function repeatImport(enc: Encoding, from: ImportWire, scope: LiveScope | null, name: string): Captured {
  const value = scope === null ? undefined : tryRead(scope, name);
  const constant = from.path.length === 0 || typeof value === "function" || isBuiltin(from.specifier);
  if (!constant) return { kind: "live", from };
  return { kind: "value", slot: enc.add(from), scope: null };
}

/** A variable that no scope holds is a global, the program's own global, or one that V8 did not keep. */
function withoutScope(enc: Encoding, free: FreeVariable): Captured {
  const { name, variable } = free;
  if (variable !== null && name !== "arguments") {
    enc.refuse({
      code: "CAPTURE_MISSING",
      problem: `\`${name}\` is used only while the function or class is being defined, so its value is gone`,
      hint: "use it inside a function body as well, or export the class from a module of its own",
    });
  }
  if (isOwnGlobal(name) || !(name in globalThis)) return { kind: "global" };
  enc.volatile();
  const value = (globalThis as Record<string, unknown>)[name];
  return { kind: "value", slot: enc.encode(value, `global \`${name}\``), scope: null };
}

function readVariable(enc: Encoding, scope: LiveScope, free: FreeVariable): unknown {
  try {
    return scope.variables[free.name];
  } catch {
    return enc.refuse({
      code: "CAPTURE_UNINITIALIZED",
      problem: `\`${free.name}\` has no value yet: its declaration has not run`,
      hint: "submit the function after the declaration",
    });
  }
}

function tryRead(scope: LiveScope, name: string): unknown {
  try {
    return scope.variables[name];
  } catch {
    return undefined;
  }
}

/** The variables that Node gives to every CommonJS module. */
function commonJs(enc: Encoding, free: FreeVariable, value: unknown, place: Place): Slot | undefined {
  if (free.variable !== null) return undefined;
  const file = toPath(place.script.url);
  if (free.name === "require" && typeof value === "function" && "resolve" in value)
    return enc.add({ kind: "requirer", file });
  if (free.name === "exports" && typeof value === "object" && value !== null)
    return encodePicked(enc, value, free.references);
  if (free.name === "module" && typeof value === "object" && value !== null && "exports" in value)
    enc.refuse({
      code: "CAPTURE_HOST",
      problem: "`module` belongs to this thread",
      hint: "use the exported thing by its own name",
    });
  return undefined;
}

/** What compilers and coverage tools put in place of an import. */
function compiled(enc: Encoding, free: FreeVariable, value: unknown, place: Place): Slot | undefined {
  if (/^__vi(te_ssr_dynamic)?_import__$/.test(free.name))
    return enc.add({ kind: "importer", base: place.script.url });
  if (typeof value === "function" && /^cov_[a-z0-9]+$/.test(free.name)) return enc.add({ kind: "coverage" });
  if (typeof value !== "object" || value === null) return undefined;
  const required = requiredSlot(enc, value);
  if (required !== undefined) return required;
  return interop(enc, free, place);
}

/** `__toESM(require("x"))`, `__importStar(...)`, `__importDefault(...)`: the namespace is made again over there. */
function interop(enc: Encoding, free: FreeVariable, place: Place): Slot | undefined {
  const call = free.variable?.declaration["init"] as SyntaxNode | null | undefined;
  if (call?.type !== "CallExpression") return undefined;
  const [inner, mode] = call["arguments"] as SyntaxNode[];
  const specifier = requiredBy(inner);
  const module = specifier === undefined ? undefined : requiredSlot(enc, requireFrom(place, specifier));
  if (module === undefined) return undefined;
  return enc.add({ kind: "interop", module, nodeMode: Boolean(mode?.["value"]) });
}

function requiredSlot(enc: Encoding, exports: unknown): Slot | undefined {
  if (typeof exports !== "object" || exports === null) return undefined;
  const builtin = builtinPath(exports);
  if (builtin !== undefined) return enc.add({ kind: "builtin", ...builtin });
  const file = requiredFile(exports);
  if (file === undefined || !mayImport(asUrl(file), enc)) return undefined;
  return enc.add({ kind: "require", file, path: [] });
}

function requiredBy(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== "CallExpression" || node["callee"].name !== "require") return undefined;
  const specifier: unknown = node["arguments"][0]?.value;
  return typeof specifier === "string" ? specifier : undefined;
}

function requireFrom(place: Place, specifier: string): unknown {
  try {
    return createRequire(place.script.url)(specifier);
  } catch {
    return undefined;
  }
}

/** Modules as objects: a namespace whose module cannot be imported again, or what vite makes of an import. */
function isNamespaceLike(name: string, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return /^__vi(te_ssr)?_import_\d+__$/.test(name) || isNamespace(value);
}

function isNamespace(value: object): boolean {
  const { __esModule, [Symbol.toStringTag]: tag } = value as {
    __esModule?: boolean;
    [Symbol.toStringTag]?: string;
  };
  return tag === "Module" || __esModule === true;
}

/** In a script too large to parse whole: the import statement that brings a name, if the module scope holds it. */
function importIn(
  place: Place,
  name: string,
  scope: LiveScope | null,
): { specifier: string; name: string; attributes: Record<string, string> } | null {
  if (scope?.type !== "Module") return null;
  const escaped = name.replaceAll("$", "\\$");
  const pattern = new RegExp(
    `^import\\s*(?:(\\*\\s*as\\s+${escaped})|([^;'"]*?\\b${escaped}\\b[^;'"]*?))\\s*from\\s*["']([^"']+)["']`,
    "m",
  );
  const found = pattern.exec(place.script.text);
  if (found === null) return null;
  const [, namespace, list, specifier] = found;
  if (namespace !== undefined) return { specifier: specifier!, name: "*", attributes: {} };
  const renamed = new RegExp(`([\\w$]+)\\s+as\\s+${escaped}\\b`).exec(list!);
  const inBraces = new RegExp(`\\{[^}]*\\b${escaped}\\b`).test(list!);
  return { specifier: specifier!, name: renamed?.[1] ?? (inBraces ? name : "default"), attributes: {} };
}
