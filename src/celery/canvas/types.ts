/** Every way to leave out arguments from the front: `[a, b]` -> `[a, b] | [b] | []`. */
export type Suffixes<A extends unknown[]> = A extends [unknown?, ...infer T]
  ? A extends []
    ? []
    : A | Suffixes<T>
  : A;

/** What is still missing in front once `S` is given at the end. */
export type Missing<A extends unknown[], S extends unknown[]> = S extends [unknown, ...infer T]
  ? Missing<DropLast<A>, T>
  : A;

type DropLast<A extends unknown[]> =
  Required<A> extends [...infer _, unknown] ? (A extends [...infer H, unknown?] ? H : A) : A;
