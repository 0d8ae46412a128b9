import { appendFileSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** Every hundredth file, by the number in its name, is one that the function cannot stand. */
export function isPoisoned(path: string): boolean {
  return Number(/\d+/.exec(basename(path))![0]) % 100 === 17;
}

/** Counts the words of a file and logs that it was called. */
export function words(path: string): { words: number; longest: string } {
  const log = process.env["CALL_LOG"];
  if (log !== undefined) appendFileSync(log, `${path}\n`);
  if (isPoisoned(path) && process.env["HEALED"] === undefined)
    throw new RangeError(`cannot stand ${basename(path)}`);
  const all = readFileSync(path, "utf8").split(/\W+/).filter(Boolean);
  return { words: all.length, longest: all.reduce((a, b) => (b.length > a.length ? b : a), "") };
}
