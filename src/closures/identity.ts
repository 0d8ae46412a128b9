/**
 * A class that travels by value must be one class on each side, however often it travels, or `instanceof` breaks.
 * Each side therefore keeps, by an id that travels along, its own version of every class it sent or received.
 */
const ids = new WeakMap<Function, string>();
const classes = new Map<string, WeakRef<Function>>();
const origin = `${process.pid}.${Math.random().toString(36).slice(2)}`;
let count = 0;

/** The id of a class, given out on first use. */
export function idOf(cls: Function): string {
  const known = ids.get(cls);
  if (known !== undefined) return known;
  const id = `${origin}.${++count}`;
  register(id, cls);
  return id;
}

/** The id of a class that came from, or went to, the other side before. */
export function knownId(cls: Function): string | undefined {
  return ids.get(cls);
}

export function register(id: string, cls: Function): void {
  ids.set(cls, id);
  classes.set(id, new WeakRef(cls));
  dropped.register(cls, id);
}

export function classById(id: string): Function | undefined {
  return classes.get(id)?.deref();
}

const dropped = new FinalizationRegistry<string>((id) => {
  if (classes.get(id)?.deref() === undefined) classes.delete(id);
});
