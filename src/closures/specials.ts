import type { WireNode } from "./wire.ts";

/** Objects made here in place of what only exists in a module's own text, by the node that made them: so that a
 * function revived here can be shipped on. */
const specials = new WeakMap<object, WireNode>();

export function rememberSpecial<T extends object>(value: T, node: WireNode): T {
  specials.set(value, node);
  return value;
}

export function specialOf(value: object): WireNode | undefined {
  return specials.get(value);
}
