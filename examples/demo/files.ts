import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCE = /\.(ts|mts|cts|js|mjs|cjs)$/;
/** Files of a few lines are no work, and a few giant bundles would keep one worker busy at the end. */
const SMALLEST = 4_000;
const LARGEST = 200_000;

/** The source and declaration files that npm installed, in a mixed order that is the same on every run. */
export function sourceFiles(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && SOURCE.test(entry.name) && isMedium(path)) found.push(path);
    }
  };
  walk(root);
  return found.sort((a, b) => scramble(a) - scramble(b) || (a < b ? -1 : 1));
}

function isMedium(path: string): boolean {
  const { size } = statSync(path);
  return size >= SMALLEST && size <= LARGEST;
}

/** A hash of the path's characters, so that big packages do not come in one block. */
function scramble(path: string): number {
  let hash = 2166136261;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 16777619) >>> 0;
  return hash;
}
