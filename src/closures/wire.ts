/** Where a value is going. Threads share memory (SharedArrayBuffer); processes get bytes (`v8.serialize`). */
export type Target = "thread" | "process";

export interface ShipOptions {
  readonly to: Target;
}

/**
 * A shipped function or value as plain data: structured-cloneable for threads, `v8.serialize`-able for processes.
 * Its inside is nobody's business but `revive`'s; it must come from the same version of this package.
 */
export interface Payload {
  readonly kind: "text" | "ref";
  readonly name: string;
  readonly url: string;
  readonly text: string;
}
