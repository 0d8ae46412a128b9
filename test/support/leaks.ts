import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach } from "node:test";

/**
 * Importing this file makes every test of the importing file fail when it leaves something behind: threads,
 * children, sockets, servers, timers (as Node's own resource list sees them) and shared-memory segments of ours.
 */
const WATCHED =
  /^(Worker|MessagePort|ProcessWrap|TCPSocketWrap|TCPServerWrap|PipeWrap|PipeServerWrap|Timeout|FSEventWrap|UDPWrap)$/;
/** Handles close asynchronously; a leak is what is still there after this many milliseconds. */
const GRACE_MS = 3000;

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (WATCHED.test(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  counts.set("child process", children().length);
  counts.set("segment in /dev/shm", segments().length);
  return counts;
}

/** Live direct children of this process, from /proc; zombies count, they are leaks too. */
function children(): string[] {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
  } catch {
    return [];
  }
}

function segments(): string[] {
  try {
    return readdirSync("/dev/shm").filter(
      (name) => name.startsWith("spool") && name.includes(String(process.pid)),
    );
  } catch {
    return [];
  }
}

function leaked(before: Map<string, number>): string[] {
  return [...resources()]
    .filter(([type, count]) => count > (before.get(type) ?? 0))
    .map(([type, count]) => `${type}: ${before.get(type) ?? 0} before, ${count} after`);
}

let before = new Map<string, number>();
beforeEach(() => {
  before = resources();
});

afterEach(async () => {
  const deadline = performance.now() + GRACE_MS;
  while (leaked(before).length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const left = leaked(before);
  if (left.length > 0) throw new Error(`the test left behind: ${left.join("; ")}`);
});
