import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { invalid, StateError, UnsupportedError } from "../core/index.ts";
import { isDead, me } from "./owner.ts";
import { requirePosix, sharesBySockets } from "./posix.ts";
import { track, untrack } from "./tracker.ts";

/** Memory under a POSIX name, which any program of this user can attach to. */
export interface NamedMemory {
  readonly name: string;
  readonly size: number;
  /** Null where nothing can be mapped: then there are the calls below, to the same memory. */
  readonly buffer: ArrayBuffer | null;
  readInto(target: Uint8Array, offset: number): void;
  write(bytes: Uint8Array, offset: number): void;
  /** Gives the access up; what is mapped stays so as long as the buffer can be reached. */
  close(): void;
}

/** Creates a segment of zeros. Throws StateError when the name is taken. */
export function createNamed(name: string | undefined, size: number, tracked: boolean): NamedMemory {
  requireNames();
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
  if (tracked) track(path(chosen));
  ftruncateSync(fd, size);
  return opened(chosen, fd);
}

/** Attaches to a segment. Throws StateError when there is none. */
export function openNamed(name: string): NamedMemory {
  requireNames();
  try {
    return opened(name, openSync(path(requireName(name)), constants.O_RDWR));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new StateError(`There is no shared memory of the name ${name}; it was unlinked, or never created`, {
      cause,
    });
  }
}

/** Takes the name away; those who are attached keep the memory. Returns false when there is no such name. */
export function unlinkNamed(name: string): boolean {
  untrack(path(name));
  try {
    unlinkSync(path(requireName(name)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function opened(name: string, fd: number): NamedMemory {
  const { size } = fstatSync(fd);
  return sharesBySockets() ? unmapped(name, size, fd) : mapped(name, size, fd);
}

function mapped(name: string, size: number, fd: number): NamedMemory {
  try {
    const { buffer } = requirePosix().map(fd, 0, size);
    const bytes = new Uint8Array(buffer);
    return {
      name,
      size,
      buffer,
      readInto: (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
      write: (from, offset) => bytes.set(from, offset),
      close() {},
    };
  } finally {
    closeSync(fd);
  }
}

/** The file that the memory is, read and written by calls: what others have mapped of it is the same pages. */
function unmapped(name: string, size: number, fd: number): NamedMemory {
  const memory: NamedMemory = {
    name,
    size,
    buffer: null,
    readInto(target, offset) {
      for (let done = 0; done < target.length;) {
        const count = readSync(fd, target, done, target.length - done, offset + done);
        if (count === 0)
          throw new StateError(`read: the shared memory ${name} has become shorter than ${size} bytes`);
        done += count;
      }
    },
    write(from, offset) {
      for (let done = 0; done < from.length;)
        done += writeSync(fd, from, done, from.length - done, offset + done);
    },
    close() {
      forgotten.unregister(memory);
      closeSync(fd);
    },
  };
  forgotten.register(memory, fd, memory);
  return memory;
}

/** What was dropped without being closed. */
const forgotten = new FinalizationRegistry((fd: number) => closeSync(fd));

/** Names are files of this directory on Linux only. */
function requireNames(): void {
  if (process.platform === "linux") return;
  throw new UnsupportedError(
    `SharedMemory and ShareableList need Linux, where the names of shared memory are files; this is ${process.platform}. ` +
      "Array and Value of spool/multiprocessing, and Manager().list(), are shared by processes anywhere",
  );
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
