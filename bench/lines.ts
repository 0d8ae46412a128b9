import { resolve } from "node:path";
import { nodeDirectory } from "../scripts/matrix.ts";

/** The `node` of each of these lines: this one, or those that `npm run test:matrix` installs, or the machine's own. */
export async function nodesOf(lines: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const line of lines) {
    if (process.versions.node.startsWith(`${line}.`)) found.set(line, process.execPath);
    else found.set(line, resolve(await nodeDirectory(line), "node"));
  }
  return found;
}
