import type { Target } from "./wire.ts";

/**
 * The method by which an object says how it travels: `value[reduce]({ to })` names an exported function and gives
 * it a state. On the other side the function `name` of module `url` is called with the revived state and returns
 * the object. Locks, queues and proxies of this package travel so. Python: `object.__reduce__`.
 */
export const reduce: unique symbol = Symbol.for("spool.reduce") as never;

export interface Reduced {
  readonly revive: { readonly url: string; readonly name: string };
  /** Anything that can travel itself. */
  readonly state: unknown;
}

export interface Reducible {
  [reduce](context: { readonly to: Target }): Reduced;
}
