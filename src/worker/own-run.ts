/**
 * What an instance of a subclass of Thread or Process that overrides `run` takes along: the methods of the subclasses
 * and the properties the instance has. Private fields (#x) and `super` stay behind.
 */
export interface OwnRun {
  readonly methods: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Null when `run` is that of `base`, a prototype. */
export function ownRun(instance: object, base: object): OwnRun | null {
  const methods: Record<string, unknown> = {};
  for (
    let at = Object.getPrototypeOf(instance) as object;
    at !== base;
    at = Object.getPrototypeOf(at) as object
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== "constructor" && typeof value === "function" && !(name in methods)) methods[name] = value;
    }
  }
  return Object.hasOwn(methods, "run") ? { methods, properties: { ...instance } } : null;
}

/** The other side: calls `run` on what stands for the instance there. Found by name. @public */
export function performOwnRun({ methods, properties }: OwnRun): unknown {
  const self = Object.assign(Object.create(methods) as { run(): unknown }, properties);
  return self.run();
}
