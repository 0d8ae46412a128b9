/** Every way to leave out arguments from the front: `[a, b]` -> `[a, b] | [b] | []`. Lists of open length stay as they are. */
export type Suffixes<A extends unknown[]> = number extends A["length"]
  ? A
  : A extends []
    ? []
    : A extends [unknown?, ...infer T]
      ? A | Suffixes<T>
      : A;

/** What is still missing in front once `S` is given at the end. */
export type Missing<A extends unknown[], S extends unknown[]> = number extends A["length"]
  ? A
  : S extends [unknown, ...infer T]
    ? Missing<DropLast<A>, T>
    : A;

type DropLast<A extends unknown[]> = A extends [...infer H, unknown]
  ? H
  : A extends [...infer H, unknown?]
    ? H
    : A;
