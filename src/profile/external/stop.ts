import type { Libc } from "./libc.ts";
import { hasEnded } from "./threads.ts";
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
const WEXITED = 4;
const WALL = 0x4000_0000;
const SI_CODE = 8;
const SI_STATUS = 24;
/** Exited, killed, and killed with a core dump are 1, 2 and 3; what follows is not an end. */
const CLD_DUMPED = 3;
const SI_PID = 16;
const REGISTER_BYTES = 27 * 8;
/** A thread in an uninterruptible system call stops only after it; such calls last microseconds to milliseconds. */
const STOP_MS = 500;
/** Looks without a pause, then with one, so that the thread that is to stop gets a processor on a busy machine. */
const EAGER_LOOKS = 50;
const PAUSE_US = 50;
const ASK_PROC_EVERY = 64;
const LATE_EVERY_MS = 10;

/** A thread that cannot be stopped: it ended, or we may not. */
export class StopFailed extends Error {
  readonly errno: number;
  constructor(thread: number, errno: number) {
    super(`thread ${thread} cannot be stopped (errno ${errno})`);
    this.errno = errno;
  }
}

/** A thread of a process, as the stop needs to know it. */
export interface Stoppable {
  readonly libc: Libc;
  readonly pid: number;
  readonly thread: number;
  /** The process is a child of this one: its end is then Node's to collect. */
  readonly ownChild: boolean;
}

/**
 * Stops one thread for as long as `look` takes, and lets it run on. The stop is a ptrace stop, not a signal: the
 * program cannot observe it, and when this process dies meanwhile the kernel lets the thread go.
 *
 * States: free -> seized -> stopped -> free, or seized -> ended. From `stopped` the detach below leads back, which
 * also hands on a signal that arrived during the stop. A thread that ends while it is seized is reported to its
 * tracer, and until the tracer has collected it the process's parent does not hear of the process's end; so it is
 * collected here, except for the main thread of our own child, whose end would be lost to Node.
 *
 * Everything is synchronous: no other JavaScript of ours can run in between, so Node's child watcher cannot take a
 * stop for the child's end. Throws StopFailed when the thread ends, may not be stopped, or does not stop in time.
 */
export function whileStopped<R>(target: Stoppable, look: (registers: Registers) => R): R {
  const { libc, thread } = target;
  if (libc.ptrace(PTRACE_SEIZE, thread, 0, 0) !== 0) throw new StopFailed(thread, libc.errno());
  libc.ptrace(PTRACE_INTERRUPT, thread, 0, 0);
  const stop = awaitStop(target);
  if (stop === "ended") throw new StopFailed(thread, 0);
  if (stop === "not yet") {
    releaseWhenStopped(target);
    throw new StopFailed(thread, 0);
  }
  try {
    return look(readRegisters(libc, thread));
  } finally {
    libc.ptrace(PTRACE_DETACH, thread, 0, stop.signal);
  }
}

type Stop = { readonly signal: number } | "ended" | "not yet";

function awaitStop(target: Stoppable): Stop {
  const deadline = performance.now() + STOP_MS;
  for (let looks = 1; performance.now() < deadline; looks++) {
    const stop = stopOf(target, looks % ASK_PROC_EVERY === 0);
    if (stop !== "not yet") return stop;
    if (looks > EAGER_LOOKS) target.libc.usleep(PAUSE_US);
  }
  return "not yet";
}

/** Whether the thread has stopped, and which signal is then to be handed on (0 for none); never waits. */
function stopOf({ libc, pid, thread, ownChild }: Stoppable, askProc: boolean): Stop {
  const info = Buffer.alloc(128);
  const collected = ownChild && thread === pid ? 0 : WEXITED;
  if (libc.waitid(P_PID, thread, info, WSTOPPED | collected | WNOHANG | WALL) !== 0) return "ended";
  if (info.readInt32LE(SI_PID) === 0) return askProc && hasEnded(pid, thread) ? "ended" : "not yet";
  if (info.readInt32LE(SI_CODE) <= CLD_DUMPED) return "ended";
  const status = info.readInt32LE(SI_STATUS);
  return { signal: status > 0xff ? 0 : status };
}

/** A thread that stops too late for us is let go as soon as it does. */
function releaseWhenStopped(target: Stoppable): void {
  const timer = setInterval(() => {
    const stop = stopOf(target, true);
    if (stop === "not yet") return;
    clearInterval(timer);
    if (stop !== "ended") target.libc.ptrace(PTRACE_DETACH, target.thread, 0, stop.signal);
  }, LATE_EVERY_MS);
  timer.unref();
}

function readRegisters(libc: Libc, thread: number): Registers {
  const bytes = Buffer.alloc(REGISTER_BYTES);
  if (libc.ptraceRead(PTRACE_GETREGS, thread, 0, bytes) !== 0) throw new StopFailed(thread, libc.errno());
  const register = (index: number): number => pointerAt(bytes, index * 8);
  return { pc: register(16), sp: register(19), fp: register(4), threadPointer: register(21) };
}
