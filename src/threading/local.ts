import { shareable } from "../sync/index.ts";

/**
 * An object whose properties belong to each thread alone: what one thread sets, another does not see. Module variables
 * are so by themselves; this is for objects that are captured or passed on. Python: `threading.local`.
 */
export function local<T extends object = Record<string, unknown>>(): Partial<T> {
  return localOf(`${process.pid}-${Math.random()}`) as Partial<T>;
}

class Local {
  static {
    shareable(this, import.meta.url, "localOf", (it: Local) => ids.get(it));
  }
}

/** This thread's part of a local; found by name. @public */
export function localOf(id: string): object {
  const known = locals.get(id);
  if (known !== undefined) return known;
  const made = new Local();
  ids.set(made, id);
  locals.set(id, made);
  return made;
}

const ids = new WeakMap<object, string>();
const locals = new Map<string, Local>();
