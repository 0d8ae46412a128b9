import { nodeVersionOf, processTree } from "../attach/proc.ts";

/** How often the process tree is looked at for new children, milliseconds. */
const LOOK_MS = 250;

/**
 * Calls back with each Node process that descends from this one: at once with those that are there, then with those
 * that start, until the result is called. A child that is not Node yet (it has not replaced its program) is asked again.
 */
export function followChildren(root: number, found: (pid: number) => void): () => void {
  const known = new Set<number>();
  const look = (): void => {
    for (const pid of nodeChildren(root)) {
      if (known.has(pid)) continue;
      known.add(pid);
      found(pid);
    }
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

/** The Node processes that descend from this one now, without our own. */
export function nodeChildren(root: number): number[] {
  return processTree(root).filter((pid) => pid !== root && pid !== process.pid && isNode(pid));
}

function isNode(pid: number): boolean {
  try {
    return nodeVersionOf(pid) !== null;
  } catch {
    return false;
  }
}
