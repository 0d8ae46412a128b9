import { createRequire } from "node:module";
import type { Node, Options } from "acorn";
import type { Analysis, SyntaxNode } from "./syntax.ts";
import { Walk } from "./walk.ts";

/** Parses and analyses a whole script, or a fragment of one. Throws a SyntaxError when acorn cannot read it. */
export function analyse(text: string, module: boolean): Analysis {
  const options: Options = {
    ecmaVersion: "latest",
    sourceType: module ? "module" : "script",
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowSuperOutsideMethod: true,
    allowImportExportEverywhere: false,
    allowHashBang: true,
    checkPrivateFields: false,
  };
  const walk = new Walk(text, module);
  walk.program(acorn().parse(text, options) as SyntaxNode);
  return walk.finish();
}

/** The functions and classes are ordered, so the references inside one are a slice. */
export function within<T extends { readonly start: number; readonly end: number }>(
  sorted: readonly T[],
  start: number,
  end: number,
): T[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  const found: T[] = [];
  for (let i = low; i < sorted.length && sorted[i]!.end <= end; i++) found.push(sorted[i]!);
  return found;
}

interface Acorn {
  parse(text: string, options: Options): Node;
}

let loaded: Acorn | undefined;

/** On first use: a program that ships only references never pays for the parser. */
function acorn(): Acorn {
  loaded ??= createRequire(import.meta.url)("acorn") as Acorn;
  return loaded;
}
