const SPECIAL: Readonly<Record<string, string>> = {
  C1: "constructor",
  C2: "constructor",
  D0: "destructor",
  D1: "destructor",
  D2: "destructor",
};

/**
 * The readable part of a C++ symbol: `_ZN2v88internal4Heap14CollectGarbageE...` is `v8::internal::Heap::CollectGarbage`.
 * Parameters and template arguments are left out; a name of another kind comes back as it is.
 */
export function demangle(symbol: string): string {
  const nested = /^_ZN[KVrRO]*(.*)$/.exec(symbol);
  if (nested === null) {
    const plain = /^_Z(\d+)(.*)$/.exec(symbol);
    return plain === null ? symbol : plain[2]!.slice(0, Number(plain[1]));
  }
  let rest = nested[1]!;
  const parts: string[] = [];
  for (;;) {
    const length = /^L?(\d+)/.exec(rest);
    if (length !== null) {
      const from = length[0].length;
      parts.push(rest.slice(from, from + Number(length[1])));
      rest = rest.slice(from + Number(length[1]));
    } else if (rest.startsWith("St")) {
      parts.push("std");
      rest = rest.slice(2);
    } else {
      const special = SPECIAL[rest.slice(0, 2)];
      if (special !== undefined && parts.length > 0) parts.push(special);
      break;
    }
  }
  if (parts.length === 0) return symbol;
  return parts.map((p) => (p.startsWith("_GLOBAL__N_") ? "(anonymous)" : p)).join("::");
}
