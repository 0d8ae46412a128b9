import { closeSync, constants, openSync, writeSync } from "node:fs";
import { requirePosix } from "./posix.ts";

/**
 * Takes the names of shared memory away when this program and its processes have ended, however they ended. A little
 * shell holds the list of names and waits on a pipe that only the first process has open; when the pipe ends it
 * removes what is left on the list. Processes started later write into the same pipe, so that a segment lives as
 * long as the program, not as the process that made it. Python: `multiprocessing.resource_tracker`.
 */
export function track(name: string): void {
  tell(`+ ${name}\n`);
}

export function untrack(name: string): void {
  if (process.env[VARIABLE] !== undefined) tell(`- ${name}\n`);
}

const SCRIPT = `trap "" INT TERM HUP
exec 3<&0
(
  names=""
  while read -r op name; do
    case $op in
      +) names="$names $name" ;;
      -) kept=""; for n in $names; do [ "$n" = "$name" ] || kept="$kept $n"; done; names="$kept" ;;
    esac
  done
  for n in $names; do rm -f "/dev/shm/$n"; done
) <&3 &`;
/** Tells the processes of this program where the pipe is. */
const VARIABLE = "SPOOL_TRACKER";

function tell(line: string): void {
  const pipe = open(process.env[VARIABLE]) ?? open(start());
  if (pipe === null) return;
  writeSync(pipe, line);
  closeSync(pipe);
}

/** Null when the process that owned the pipe is gone. */
function open(path: string | undefined): number | null {
  if (path === undefined) return null;
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

function start(): string {
  const [read, write] = requirePosix().pipe();
  // Written to by everybody through /proc, and held open by this process alone until it ends.
  held.add(write);
  const blocking = openSync(`/proc/self/fd/${read}`, constants.O_RDONLY);
  process
    .getBuiltinModule("node:child_process")
    .spawnSync("/bin/sh", ["-c", SCRIPT], { stdio: [blocking, "ignore", "ignore"] });
  closeSync(read);
  closeSync(blocking);
  const path = `/proc/${process.pid}/fd/${write}`;
  process.env[VARIABLE] = path;
  return path;
}

const held = new Set<number>();
