import { closeSync, constants, fstatSync, ftruncateSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { invalid, StateError } from "../core/index.ts";
import { isDead, me } from "./owner.ts";
import { requirePosix } from "./posix.ts";
import { track, untrack } from "./tracker.ts";

/** Memory under a POSIX name, which any program of this user can attach to. */
export interface NamedMemory {
  readonly name: string;
  readonly buffer: ArrayBuffer;
}

/** Creates a segment of zeros. Throws StateError when the name is taken. */
export function createNamed(name: string | undefined, size: number, tracked: boolean): NamedMemory {
  requirePosix();
  sweep();
  const chosen = name === undefined ? freshName() : requireName(name);
  let fd: number;
  try {
    fd = openSync(path(chosen), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (cause) {
    throw new StateError(
      `There is shared memory of the name ${chosen} already; attach to it or choose another name`,
      { cause },
    );
  }
  // In this order: from here on the name goes away with us, whatever happens.
  if (tracked) track(chosen);
  ftruncateSync(fd, size);
  return mapAndClose(chosen, fd);
}

/** Attaches to a segment. Throws StateError when there is none. */
export function openNamed(name: string): NamedMemory {
  requirePosix();
  try {
    return mapAndClose(name, openSync(path(requireName(name)), constants.O_RDWR));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new StateError(`There is no shared memory of the name ${name}; it was unlinked, or never created`, {
      cause,
    });
  }
}

/** Takes the name away; those who are attached keep the memory. Returns false when there is no such name. */
export function unlinkNamed(name: string): boolean {
  untrack(name);
  try {
    unlinkSync(path(requireName(name)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function mapAndClose(name: string, fd: number): NamedMemory {
  try {
    return { name, buffer: requirePosix().map(fd, 0, fstatSync(fd).size).buffer };
  } finally {
    closeSync(fd);
  }
}

const DIRECTORY = "/dev/shm/";
const PREFIX = "spool_";

function path(name: string): string {
  return DIRECTORY + name;
}

/** The maker's identity stands in the name, so that a sweep can tell what was left behind. */
function freshName(): string {
  return `${PREFIX}${process.pid}_${me()}_${process.getBuiltinModule("node:crypto").randomBytes(4).toString("hex")}`;
}

function requireName(name: unknown): string {
  if (typeof name === "string" && /^[\w.-]{1,200}$/.test(name) && name !== "." && name !== "..") return name;
  throw invalid("name", name, "letters, digits, _ . and -");
}

let swept = false;

/** Once per process: removes segments whose makers were killed together with their trackers. */
function sweep(): void {
  if (swept) return;
  swept = true;
  for (const name of readdirSync(DIRECTORY)) {
    const [, pid, token] = /^spool_(\d+)_(\d+)_[0-9a-f]{8}$/.exec(name) ?? [];
    if (pid !== undefined && Number(pid) !== process.pid && isDead(Number(token))) unlinkNamed(name);
  }
}
