import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

export interface TextFigures {
  readonly tokens: number;
  readonly distinct: number;
  readonly most: string;
  readonly compressed: number;
}

/** CPU work on real text: reads a source file, splits it into tokens, counts them, compresses it. */
export function analyseFile(path: string): TextFigures {
  return analyseText(readFileSync(path, "utf8"));
}

export function analyseText(text: string): TextFigures {
  const counts = new Map<string, number>();
  let tokens = 0;
  for (const [token] of text.matchAll(
    /[\p{L}_$][\p{L}\p{N}_$]*|\d[\d._a-fx]*|"[^"\n]*"|'[^'\n]*'|[^\s\w]/gu,
  )) {
    counts.set(token, (counts.get(token) ?? 0) + 1);
    tokens++;
  }
  const [most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0] as [string, number]);
  return { tokens, distinct: counts.size, most, compressed: deflateSync(text).length };
}
