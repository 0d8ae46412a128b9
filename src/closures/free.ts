import { within } from "./analysis.ts";
import type { Reference, SyntaxNode, Use, Variable } from "./syntax.ts";
import type { Place } from "./scripts.ts";

/** A name that a function takes from outside. */
export interface FreeVariable {
  readonly name: string;
  /** Its declaration, when the code around the function is known and holds it. */
  readonly variable: Variable | null;
  readonly references: readonly Reference[];
  /** Whether the function itself assigns it. */
  readonly written: boolean;
}

/** Everything a function's text needs from outside. */
export interface Free {
  readonly variables: readonly FreeVariable[];
  /** `this`, `import.meta` and the like, as far as their meaning lies outside. */
  readonly uses: readonly Use[];
  /** The expression after `extends`. */
  readonly heritage: SyntaxNode | null;
}

const known = new WeakMap<object, Free>();

export function freeOf(place: Place): Free {
  let free = known.get(place.fn);
  if (free === undefined) {
    free = find(place);
    known.set(place.fn, free);
  }
  return free;
}

function find({ analysis, fn }: Place): Free {
  const { node } = fn;
  const heritage = (node["superClass"] as SyntaxNode | null | undefined) ?? null;
  const inHeritage = (at: { start: number; end: number }): boolean =>
    heritage !== null && at.start >= heritage.start && at.end <= heritage.end;
  const byName = new Map<string, Reference[]>();
  for (const reference of within(analysis.references, node.start, node.end)) {
    const scope = reference.variable?.scope;
    if (scope !== undefined && scope.start >= node.start && scope.end <= node.end) continue;
    if (inHeritage(reference)) continue;
    const list = byName.get(reference.name);
    if (list === undefined) byName.set(reference.name, [reference]);
    else list.push(reference);
  }
  const variables = [...byName].map(([name, references]) => ({
    name,
    variable: references[0]!.variable,
    references,
    written: references.some((r) => r.write),
  }));
  const uses = within(analysis.uses, node.start, node.end).filter(
    (use) => (use.owner < node.start || isOwnSuper(use, fn)) && !inHeritage(use),
  );
  return { variables, uses, heritage };
}

/** `super` of a method alone has lost the object or class it was written in. */
function isOwnSuper(use: Use, fn: Place["fn"]): boolean {
  const method = fn.parent.type === "MethodDefinition" || fn.parent.type === "Property";
  return use.kind === "super" && use.owner === fn.node.start && method;
}
