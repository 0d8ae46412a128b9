import { runInThisContext } from "node:vm";

/**
 * Test runners load modules in a vm context, which has its own `Object`, `Array` and so on, while what arrives by
 * message is made with Node's own. Outside such a context nothing here costs anything.
 */
const FOREIGN = Object.getPrototypeOf(structuredClone({})) !== Object.prototype;

/** Node's own global object, when this code runs in another context. */
export function mainGlobal(): object | undefined {
  return FOREIGN ? (runInThisContext("globalThis") as object) : undefined;
}

/** Gives data that came by message the prototypes of this realm, in place. */
export function adopt<T>(value: T): T {
  if (FOREIGN) visit(value, new Set());
  return value;
}

function visit(value: unknown, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const own = (globalThis as Record<string, any>)[kind]?.prototype as object | undefined;
  const proto: unknown = Object.getPrototypeOf(value);
  if (own === undefined || proto === null) return;
  if (proto !== own && proto === mainPrototype(kind)) Object.setPrototypeOf(value, own);
  if (ArrayBuffer.isView(value)) return;
  if (kind === "Map" || kind === "Set")
    for (const [key, item] of (value as Map<unknown, unknown>).entries()) {
      visit(key, seen);
      visit(item, seen);
    }
  for (const key of Object.keys(value)) visit((value as Record<string, unknown>)[key], seen);
}

function mainPrototype(kind: string): unknown {
  return (mainGlobal() as Record<string, { prototype?: unknown } | undefined>)[kind]?.prototype;
}
