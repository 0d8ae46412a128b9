import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseAst } from "rolldown/parseAst";

/** A name as one module has it from another; undefined stands for all of them. */
interface Link {
  readonly file: string;
  readonly name: string | undefined;
}

interface Module {
  /** What its own code uses of others. */
  readonly uses: readonly Link[];
  /** What it hands on, by the name under which it does. */
  readonly handsOn: ReadonlyMap<string, Link>;
  readonly handsOnAllOf: readonly string[];
  /** What it has itself. */
  readonly own: ReadonlySet<string>;
}

/**
 * The modules whose code a module needs when it runs: those that have what it imports, and not the doors through which
 * it imports them.
 */
export function neededBy(file: string): readonly string[] {
  return moduleAt(file).uses.flatMap(holdersOf);
}

function holdersOf({ file, name }: Link): readonly string[] {
  const { own, handsOn, handsOnAllOf } = moduleAt(file);
  if (name === undefined)
    return [file, ...[...handsOn.values()].flatMap(holdersOf), ...handsOnAllOf.flatMap(allOf)];
  if (own.has(name)) return [file];
  const link = handsOn.get(name);
  if (link !== undefined) return holdersOf(link);
  return handsOnAllOf.filter((from) => has(from, name)).flatMap((from) => holdersOf({ file: from, name }));
}

function allOf(file: string): readonly string[] {
  return holdersOf({ file, name: undefined });
}

function has(file: string, name: string): boolean {
  const { own, handsOn, handsOnAllOf } = moduleAt(file);
  return own.has(name) || handsOn.has(name) || handsOnAllOf.some((from) => has(from, name));
}

const modules = new Map<string, Module>();

function moduleAt(file: string): Module {
  let module = modules.get(file);
  if (module === undefined) modules.set(file, (module = read(file)));
  return module;
}

function read(file: string): Module {
  const uses: Link[] = [];
  const handsOn = new Map<string, Link>();
  const handsOnAllOf: string[] = [];
  const own = new Set<string>();
  const { body } = parseAst(readFileSync(file, "utf8"), { lang: "ts" }) as { body: readonly any[] };
  for (const node of body) {
    const from = node.source && resolve(dirname(file), node.source.value);
    const isOurs = node.source?.value.startsWith(".");
    const specifiers = (node.specifiers ?? []).filter((one: any) => !isOfTypes(one));
    if (isOfTypes(node)) continue;
    if (node.type === "ImportDeclaration" && isOurs)
      for (const { imported } of specifiers) uses.push({ file: from, name: imported?.name });
    else if (node.type === "ExportAllDeclaration" && isOurs) {
      if (node.exported === null) handsOnAllOf.push(from);
      else handsOn.set(node.exported.name, { file: from, name: undefined });
    } else if (node.type === "ExportNamedDeclaration") {
      for (const { local, exported } of specifiers) {
        if (isOurs) handsOn.set(exported.name, { file: from, name: local.name });
        else own.add(exported.name);
      }
      for (const name of declared(node.declaration)) own.add(name);
    } else if (node.type === "ExportDefaultDeclaration") own.add("default");
  }
  return { uses, handsOn, handsOnAllOf, own };
}

function isOfTypes(node: any): boolean {
  return node.importKind === "type" || node.exportKind === "type";
}

function declared(declaration: any): string[] {
  if (declaration === null || declaration === undefined) return [];
  if (declaration.type !== "VariableDeclaration") return [declaration.id.name];
  return declaration.declarations.map(({ id }: any) => id.name);
}
