import { ftruncateSync } from "node:fs";
import { UnsupportedError } from "../core/index.ts";
import { loadKoffi } from "./koffi.ts";

/**
 * The few system calls that shared memory between processes needs, through the optional peer `koffi`. Nothing
 * here uses koffi's `.async`: a wait there would occupy libuv's thread pool and freeze `fs`.
 */
export interface Posix {
  /** A nameless file in memory that can only grow: nobody can pull pages from under a mapping. */
  createAnonymous(size: number): number;
  /** Maps part of a file. The mapping ends when the buffer is collected, so a view can never dangle. */
  map(fd: number, offset: number, length: number): Mapping;
  /** Blocks this thread while the word holds `expected`, for at most `milliseconds`. */
  futexWait(address: bigint, expected: number, milliseconds: number): void;
  /** Returns how many threads were woken. */
  futexWake(address: bigint, count: number): number;
  /** Reading and writing end; both close on exec and never block. */
  pipe(): [number, number];
  /** Calls `ready` in this thread's event loop whenever something was written into the pipe. */
  watch(fd: number, ready: () => void): Watch;
  /** Gives the pages of a range back to the system; it reads as zeros afterwards. */
  punch(fd: number, offset: number, length: number): void;
}

export interface Mapping {
  readonly buffer: ArrayBuffer;
  readonly address: bigint;
}

export interface Watch {
  unref(): void;
  close(): void;
}

/** Null where processes cannot share memory: another system than Linux on x64 or arm64, or no koffi. */
export function posix(): Posix | null {
  if (loaded === undefined) {
    try {
      loaded = load();
    } catch (error) {
      loaded = null;
      reason = error;
    }
  }
  return loaded;
}

/** Whether processes have to do without memory that they share: there is none here, or `SPOOL_MEMORY=sockets` asks for it. */
export function sharesBySockets(): boolean {
  return process.env["SPOOL_MEMORY"] === "sockets" || posix() === null;
}

export function requirePosix(): Posix {
  const found = posix();
  if (found !== null) return found;
  throw new UnsupportedError(
    `Shared memory between processes needs Linux (x64 or arm64) and the optional package koffi: npm install koffi. ` +
      `Found ${process.platform} ${process.arch}. Locks, queues and values of spool/multiprocessing do without it, ` +
      `and threads share memory anywhere: use the classes of spool/threading.`,
    { cause: reason },
  );
}

let loaded: Posix | null | undefined;
let reason: unknown;

const FUTEX: Partial<Record<NodeJS.Architecture, number>> = { x64: 202, arm64: 98 };
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MFD_CLOEXEC_ALLOW_SEALING = 3;
const F_ADD_SEALS = 1033;
const F_SEAL_SHRINK = 2;
const O_CLOEXEC_NONBLOCK = 0o2004000;
const FALLOC_KEEP_SIZE_PUNCH_HOLE = 3;

function load(): Posix {
  const futexNumber = process.platform === "linux" ? FUTEX[process.arch] : undefined;
  if (futexNumber === undefined)
    throw new UnsupportedError(`No futex on ${process.platform} ${process.arch}`);
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  const mmap = libc.func(
    "void *mmap(void *address, size_t size, int prot, int flags, int fd, int64_t offset)",
  );
  const munmap = libc.func("int munmap(void *address, size_t size)");
  const memfdCreate = libc.func("int memfd_create(const char *name, unsigned int flags)");
  const fcntl = libc.func("int fcntl(int fd, int command, int argument)");
  const pipe2 = libc.func("int pipe2(_Out_ int *fds, int flags)");
  const fallocate = libc.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)");
  const futex = libc.func("syscall", "long", ["long", "void *", "int", "int", "void *", "void *", "int"]);
  // A view cannot be reached any more once its buffer is collected: only then may the pages go.
  const unmap = new FinalizationRegistry(({ address, length }: { address: bigint; length: number }) => {
    munmap(address, length);
  });
  const timespec = new Int32Array(4);

  const check = (result: number, call: string): number => {
    if (result >= 0) return result;
    throw new UnsupportedError(`${call} failed with error number ${koffi.errno()}`);
  };

  return {
    createAnonymous(size) {
      const fd = check(memfdCreate("spool", MFD_CLOEXEC_ALLOW_SEALING) as number, "memfd_create");
      ftruncateSync(fd, size);
      check(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) as number, "fcntl(F_ADD_SEALS)");
      return fd;
    },
    map(fd, offset, length) {
      const address = mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, offset) as bigint;
      if (address === null || BigInt.asIntN(64, address) === -1n) check(-1, `mmap of ${length} bytes`);
      const buffer = koffi.view(address, length);
      unmap.register(buffer, { address, length });
      return { buffer, address };
    },
    futexWait(address, expected, milliseconds) {
      const seconds = Math.trunc(milliseconds / 1000);
      timespec[0] = seconds;
      timespec[2] = Math.trunc((milliseconds - seconds * 1000) * 1e6);
      futex(futexNumber, address, FUTEX_WAIT, expected, timespec, null, 0);
    },
    futexWake: (address, count) => futex(futexNumber, address, FUTEX_WAKE, count, null, null, 0) as number,
    pipe() {
      const fds = [0, 0];
      check(pipe2(fds, O_CLOEXEC_NONBLOCK) as number, "pipe2");
      return fds as [number, number];
    },
    watch,
    punch(fd, offset, length) {
      fallocate(fd, FALLOC_KEEP_SIZE_PUNCH_HOLE, offset, length);
    },
  };
}

/** koffi has a watch of its own, but its callbacks run no microtasks and are fatal in a thread that is being terminated. */
function watch(fd: number, ready: () => void): Watch {
  const { Socket } = process.getBuiltinModule("node:net");
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("data", ready).on("error", () => {});
  return { unref: () => void socket.unref(), close: () => void socket.destroy() };
}
