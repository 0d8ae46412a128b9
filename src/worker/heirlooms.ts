/**
 * What this thread knows and every thread and process that is started from here on is told at its start, by the same way
 * as its work: so a secret need not stand in the environment, where whatever a program starts could read it.
 */
export type Heirlooms = Readonly<Record<string, unknown>>;

let known: Heirlooms = {};

export function bequeath(name: string, value: unknown): void {
  known = { ...known, [name]: value };
}

export function heirloom(name: string): unknown {
  return known[name];
}

/** All of them, for one who is started. */
export function heirlooms(): Heirlooms {
  return known;
}

/** For the entry files. */
export function inherit(from: Heirlooms): void {
  known = from;
}
