import type { Libc } from "./libc.ts";
import { pointerAt } from "./remote-memory.ts";

/** What a stack walk begins from. */
export interface Registers {
  readonly pc: number;
  readonly sp: number;
  /** The frame pointer (rbp); unknown for a sleeping thread that was not stopped. */
  readonly fp?: number;
  /** The thread pointer (fs_base). */
  readonly threadPointer?: number;
}

const PTRACE_GETREGS = 12;
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const P_PID = 1;
const WNOHANG = 1;
const WSTOPPED = 2;
const WALL = 0x4000_0000;
const SI_STATUS = 24;
const SI_PID = 16;
const REGISTER_BYTES = 27 * 8;
/** A thread in an uninterruptible system call stops only after it; such calls last microseconds to milliseconds. */
const STOP_MS = 500;
/** Looks without a pause, then with one, so that the thread that is to stop gets a processor on a busy machine. */
const EAGER_LOOKS = 50;
const PAUSE_US = 50;
const LATE_EVERY_MS = 10;

/** A thread that cannot be stopped: it ended, or we may not. */
export class StopFailed extends Error {
  readonly errno: number;
  constructor(thread: number, errno: number) {
    super(`thread ${thread} cannot be stopped (errno ${errno})`);
    this.errno = errno;
  }
}

/**
 * Stops one thread for as long as `look` takes, and lets it run on. The stop is a ptrace stop, not a signal: the
 * program cannot observe it, and when this process dies meanwhile the kernel lets the thread go.
 *
 * States: free -> seized -> stopped -> free; each leaves to `free` by the detach below, which also hands on a signal
 * that arrived during the stop. Everything is synchronous: no other JavaScript of ours can run in between, and Node's
 * own child watcher cannot take the stop for the child's end.
 */
export function whileStopped<R>(libc: Libc, thread: number, look: (registers: Registers) => R): R {
  if (libc.ptrace(PTRACE_SEIZE, thread, 0, 0) !== 0) throw new StopFailed(thread, libc.errno());
  libc.ptrace(PTRACE_INTERRUPT, thread, 0, 0);
  const signal = awaitStop(libc, thread);
  if (signal === undefined) {
    releaseWhenStopped(libc, thread);
    throw new StopFailed(thread, 0);
  }
  try {
    return look(readRegisters(libc, thread));
  } finally {
    libc.ptrace(PTRACE_DETACH, thread, 0, signal);
  }
}

/** Waits for the stop; gives the signal to hand on (0 for none), or undefined when it did not come. */
function awaitStop(libc: Libc, thread: number): number | undefined {
  const deadline = performance.now() + STOP_MS;
  for (let looks = 0; performance.now() < deadline; looks++) {
    const stop = stopOf(libc, thread);
    if (stop !== "not yet") return stop;
    if (looks > EAGER_LOOKS) libc.usleep(PAUSE_US);
  }
  return undefined;
}

/** The signal to hand on when the thread has stopped, undefined when there is no such thread any more. */
function stopOf(libc: Libc, thread: number): number | undefined | "not yet" {
  const info = Buffer.alloc(128);
  // Only stops are asked for, so that the exit of a child of ours stays for Node to collect.
  if (libc.waitid(P_PID, thread, info, WSTOPPED | WNOHANG | WALL) !== 0) return undefined;
  if (info.readInt32LE(SI_PID) === 0) return "not yet";
  const status = info.readInt32LE(SI_STATUS);
  return status > 0xff ? 0 : status;
}

/** A thread that stops too late for us is let go as soon as it does. */
function releaseWhenStopped(libc: Libc, thread: number): void {
  const timer = setInterval(() => {
    const stop = stopOf(libc, thread);
    if (stop === "not yet") return;
    clearInterval(timer);
    if (stop !== undefined) libc.ptrace(PTRACE_DETACH, thread, 0, stop);
  }, LATE_EVERY_MS);
  timer.unref();
}

function readRegisters(libc: Libc, thread: number): Registers {
  const bytes = Buffer.alloc(REGISTER_BYTES);
  if (libc.ptraceRead(PTRACE_GETREGS, thread, 0, bytes) !== 0) throw new StopFailed(thread, libc.errno());
  const register = (index: number): number => pointerAt(bytes, index * 8);
  return { pc: register(16), sp: register(19), fp: register(4), threadPointer: register(21) };
}
