import type { Frame } from "../model/frame.ts";
import type { ThreadRef, ThreadStack } from "../model/sample.ts";
import { type Libc, tryLibc } from "./libc.ts";
import { systemCallName, waitsForEvents } from "./syscalls.ts";
import { ExternalTarget, type RawStack } from "./target.ts";
import { threadName } from "./threads.ts";

/**
 * The JavaScript stacks of every thread of a Node process, read from outside: also while it is inside a native call,
 * a busy loop, or ignores signals. About 0.3 s for the first process of a Node build, then milliseconds.
 * It sees functions and where they are defined; not which line runs, and not functions that V8 inlined.
 */
export async function dumpStacks(pid: number): Promise<ThreadStack[]> {
  return dumpTarget(pid, tryLibc());
}

/** As `dumpStacks`; without `libc` threads that run at the moment are listed without frames. */
export function dumpTarget(pid: number, libc: Libc | undefined): ThreadStack[] {
  const target = new ExternalTarget(pid, libc);
  try {
    const refs = threadRefs(target);
    return refs.flatMap(({ thread, ref }) => {
      const stack = target.look(thread);
      return stack === undefined ? unseen(target, thread, ref, libc) : [threadStack(target, stack, ref)];
    });
  } finally {
    target.close();
  }
}

/** The threads that run JavaScript, numbered as reports number them. */
export function threadRefs(target: ExternalTarget): { thread: number; ref: ThreadRef }[] {
  return target.javaScriptThreads().map((thread, index) => ({
    thread,
    ref: {
      pid: target.pid,
      process: target.title,
      thread: index,
      name: thread === target.pid ? "main" : nameOr(target.pid, thread),
    },
  }));
}

const IDLE: Frame = { name: "(idle)", url: "", line: 0, column: 0, kind: "idle" };
const COLLECTOR: Frame = { name: "(garbage collector)", url: "", line: 0, column: 0, kind: "gc" };

/** Frames, each one object for the target, innermost first, the native function at the top included. */
export function framesOf(target: ExternalTarget, stack: RawStack): Frame[] {
  const frames = stack.functions.map((shared) => target.frameOf(shared));
  const top = topFrame(target, stack);
  return top === undefined ? frames : [top, ...frames];
}

function topFrame(target: ExternalTarget, stack: RawStack): Frame | undefined {
  if (isIdle(stack)) return IDLE;
  if (stack.collecting) return COLLECTOR;
  if (stack.native === 0) return undefined;
  return target.nativeFrame(stack.native);
}

function isIdle(stack: RawStack): boolean {
  return stack.functions.length === 0 && stack.asleepIn !== undefined && waitsForEvents(stack.asleepIn);
}

function threadStack(target: ExternalTarget, stack: RawStack, ref: ThreadRef): ThreadStack {
  const state = isIdle(stack) ? "idle" : stack.native === 0 ? "running" : "native";
  const frames = framesOf(target, stack).filter((frame) => frame.kind !== "idle");
  return {
    thread: ref,
    engine: "external",
    state,
    ...(stack.asleepIn === undefined ? {} : { detail: `waits in ${systemCallName(stack.asleepIn)}` }),
    frames,
  };
}

/** A thread that runs but cannot be stopped is listed all the same, with what to do about it. */
function unseen(
  target: ExternalTarget,
  thread: number,
  ref: ThreadRef,
  libc: Libc | undefined,
): ThreadStack[] {
  if (nameOr(target.pid, thread) === "") return [];
  const detail =
    libc === undefined
      ? "seeing a running thread needs koffi: npm install koffi"
      : "moved too fast to be read";
  return [{ thread: ref, engine: "external", state: "running", detail, frames: [] }];
}

function nameOr(pid: number, thread: number): string {
  try {
    return threadName(pid, thread);
  } catch {
    return "";
  }
}
