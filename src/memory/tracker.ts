import { spawnSync } from "node:child_process";
import { closeSync, constants, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { posix } from "./posix.ts";

/**
 * Takes files away when this program and its processes have ended, however they ended: the names of shared memory, and
 * the directories of sockets. A little shell holds the list of paths and waits on a pipe that only the first process has
 * open; when the pipe ends it removes what is left on the list. Processes started later write into the same pipe, so
 * that a segment lives as long as the program, not as the process that made it. Python:
 * `multiprocessing.resource_tracker`.
 */
export function track(path: string): void {
  if (process.platform === "linux" && !/\s/.test(path)) tell(`+ ${path}\n`);
}

export function untrack(path: string): void {
  if (process.env[VARIABLE] !== undefined) tell(`- ${path}\n`);
}

const SCRIPT = `trap "" INT TERM HUP
set -f
exec 3<&0
(
  paths=""
  while read -r op path; do
    case $op in
      +) paths="$paths $path" ;;
      -) kept=""; for p in $paths; do [ "$p" = "$path" ] || kept="$kept $p"; done; paths="$kept" ;;
    esac
  done
  for p in $paths; do rm -rf "$p"; done
) <&3 &`;
/** Tells the processes of this program where the pipe is. */
const VARIABLE = "SPOOL_TRACKER";

function tell(line: string): void {
  const pipe = open(process.env[VARIABLE]) ?? open(start());
  if (pipe === null) return;
  writeSync(pipe, line);
  closeSync(pipe);
}

/** Null when the process that owned the pipe is gone; its number may be another's by now, whose file is no pipe. */
function open(path: string | null | undefined): number | null {
  if (path === undefined || path === null) return null;
  try {
    const end = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    if (fstatSync(end).isFIFO()) return end;
    closeSync(end);
  } catch {
    // It ended.
  }
  return null;
}

/** Null where there is no way to a pipe that others can open. */
function start(): string | null {
  const [read, write] = posix()?.pipe() ?? fifo() ?? [-1, -1];
  if (write < 0) return null;
  // Written to by everybody through /proc, and held open by this process alone until it ends.
  held.add(write);
  const blocking = openSync(`/proc/self/fd/${read}`, constants.O_RDONLY);
  spawnSync("/bin/sh", ["-c", SCRIPT], { stdio: [blocking, "ignore", "ignore"] });
  closeSync(read);
  closeSync(blocking);
  const path = `/proc/${process.pid}/fd/${write}`;
  process.env[VARIABLE] = path;
  return path;
}

/** A pipe without a system call of our own. What a thread opens ends with it, so it must be the main one. */
function fifo(): [read: number, write: number] | null {
  if (!isMainThread) return null;
  const directory = mkdtempSync(join(tmpdir(), "spool-tracker-"));
  try {
    const path = join(directory, "pipe");
    if (spawnSync("/bin/sh", ["-c", 'mkfifo -m 600 "$0"', path]).status !== 0) return null;
    const write = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    return [openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), write];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const held = new Set<number>();
