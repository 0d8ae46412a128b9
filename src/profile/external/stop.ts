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
/** What the kernel fills in, used again and again: garbage would be collected while a thread stands still. */
const INFO = Buffer.alloc(128);
const REGISTERS = Buffer.alloc(27 * 8);
/** A thread in an uninterruptible system call stops only after it; such calls last microseconds to milliseconds. */
const STOP_MS = 2000;
/** Node takes a stop of its child that comes later than we wait for the child's end, so for these the wait is long. */
const OWN_CHILD_STOP_MS = 20_000;
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
  if (unfinished.has(thread)) throw new StopFailed(thread, 0);
  if (libc.ptrace(PTRACE_SEIZE, thread, 0, 0) !== 0) throw new StopFailed(thread, libc.errno());
  libc.ptrace(PTRACE_INTERRUPT, thread, 0, 0);
  const stop = awaitStop(target);
  if (stop === "ended") throw new StopFailed(thread, 0);
  if (stop === "not yet") {
    finishLater(target);
    throw new StopFailed(thread, 0);
  }
  try {
    return look(readRegisters(libc, thread));
  } finally {
    letGo(target, stop.signal);
  }
}

/** Threads that are seized still, because they did not stop, or end, when they were waited for. */
const unfinished = new Set<number>();

type Stop = { readonly signal: number } | "ended" | "not yet";

function awaitStop(target: Stoppable): Stop {
  const deadline = performance.now() + (target.ownChild ? OWN_CHILD_STOP_MS : STOP_MS);
  for (let looks = 1; performance.now() < deadline; looks++) {
    const stop = stopOf(target);
    if (stop !== "not yet") return stop;
    if (looks > EAGER_LOOKS) target.libc.usleep(PAUSE_US);
    if (looks % ASK_PROC_EVERY === 0 && hasEnded(target.pid, target.thread)) return "not yet";
  }
  return "not yet";
}

/** Whether the thread has stopped, and which signal is then to be handed on (0 for none); never waits. */
function stopOf(target: Stoppable): Stop {
  const info = INFO.fill(0);
  const options = WSTOPPED | (isOurs(target) ? 0 : WEXITED) | WNOHANG | WALL;
  if (target.libc.waitid(P_PID, target.thread, info, options) !== 0) return "ended";
  if (info.readInt32LE(SI_PID) === 0) return "not yet";
  if (info.readInt32LE(SI_CODE) <= CLD_DUMPED) return "ended";
  const status = info.readInt32LE(SI_STATUS);
  return { signal: status > 0xff ? 0 : status };
}

/** The main thread of our own child: its end is for Node to collect. */
function isOurs({ ownChild, pid, thread }: Stoppable): boolean {
  return ownChild && thread === pid;
}

/** A thread that was killed while it stood still cannot be let go, but must be collected. */
function letGo(target: Stoppable, signal: number): void {
  if (target.libc.ptrace(PTRACE_DETACH, target.thread, 0, signal) !== 0) finishLater(target);
}

/** Lets a thread go as soon as it stops, or collects it when it ends; whichever comes. */
function finishLater(target: Stoppable): void {
  const { pid, thread } = target;
  unfinished.add(thread);
  const timer = setInterval(() => {
    const stop = stopOf(target);
    if (stop === "not yet" && !(isOurs(target) && hasEnded(pid, thread))) return;
    clearInterval(timer);
    unfinished.delete(thread);
    if (typeof stop === "object") letGo(target, stop.signal);
  }, LATE_EVERY_MS);
  timer.unref();
}

function readRegisters(libc: Libc, thread: number): Registers {
  if (libc.ptraceRead(PTRACE_GETREGS, thread, 0, REGISTERS) !== 0) throw new StopFailed(thread, libc.errno());
  const register = (index: number): number => pointerAt(REGISTERS, index * 8);
  return { pc: register(16), sp: register(19), fp: register(4), threadPointer: register(21) };
}
