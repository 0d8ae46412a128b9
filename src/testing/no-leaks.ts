import { allTasks } from "../asyncio/index.ts";
import { StateError } from "../core/index.ts";
import { turn } from "./turns.ts";

/**
 * Runs `fn` and throws if it leaves something behind: tasks, or what Node counts as active (timers, sockets, servers,
 * workers, children). Handles close asynchronously, so they get some turns of the event loop to be gone.
 */
export async function noLeaks<T>(fn: () => T | PromiseLike<T>): Promise<T> {
  const before = inventory();
  const value = await fn();
  let left = leaked(before);
  for (let i = 0; i < TURNS && left.length > 0; i++) {
    await turn();
    left = leaked(before);
  }
  if (left.length > 0) throw new StateError(`The code under test left behind: ${left.join("; ")}`);
  return value;
}

/** Closing a socket or a server takes a few turns; a worker's end some hundred. */
const TURNS = 2000;

function inventory(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!OURS.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  for (const task of allTasks()) counts.set(`task "${task.name}" (spawned at ${task.spawnedAt})`, 1);
  return counts;
}

/** What this check itself, the console and the test runner use. */
const OURS = new Set(["Immediate", "TTYWrap", "FSReqPromise", "CloseReq"]);

function leaked(before: Map<string, number>): string[] {
  return [...inventory()]
    .filter(([what, count]) => count > (before.get(what) ?? 0))
    .map(([what, count]) => (count === 1 ? what : `${count} x ${what}`));
}
