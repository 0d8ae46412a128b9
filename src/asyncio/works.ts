import { invalid } from "../core/index.ts";
import type { Work } from "./batch.ts";

/** Checks a list of work at the border and makes an array of it. */
export function worksOf(parameter: string, works: Iterable<Work<unknown>>): readonly Work<unknown>[] {
  if (works === null || typeof works !== "object" || !(Symbol.iterator in works)) {
    throw invalid(parameter, works, "an iterable of functions, tasks or promises");
  }
  const list = Array.isArray(works) ? (works as Work<unknown>[]) : [...works];
  for (let i = 0; i < list.length; i++) {
    if (typeof list[i] !== "function" && !isThenable(list[i])) {
      throw invalid(`${parameter}[${i}]`, list[i], "a function, a task or a promise");
    }
  }
  return list;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
