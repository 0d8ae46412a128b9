import { setTimeout as delay } from "node:timers/promises";
import { attach } from "../attach/attach.ts";
import type { EngineOptions } from "../attach/choose.ts";
import { nodeVersionOf, processTree } from "../attach/proc.ts";
import type { CdpSession, WorkerSession } from "../attach/session.ts";
import { dumpStacks } from "../external/index.ts";
import { FrameTable } from "../model/frame.ts";
import type { ThreadRef, ThreadStack } from "../model/sample.ts";
import { SourceMaps } from "../model/source-maps.ts";
import { pausedStack } from "./paused-stack.ts";

export interface DumpOptions extends EngineOptions {
  /** Show each frame's arguments and variables; this takes the inspector. */
  readonly locals?: boolean;
  /** Also every Node process that descends from this one. */
  readonly subprocesses?: boolean;
}

/** How long workers may take to answer before the dump goes on without them, milliseconds. */
const WORKERS_MS = 200;

/**
 * What every thread of a running Node process is doing at this moment. Python: `py-spy dump`.
 *
 * Read from outside where that is possible (nothing is sent to the process, and it works inside native calls); with
 * `locals`, or where it is not possible, through the inspector, which stops each thread for some milliseconds.
 */
export async function dump(pid: number, options: DumpOptions = {}): Promise<ThreadStack[]> {
  const pids = options.subprocesses === true ? processTree(pid).filter((p) => p === pid || isNode(p)) : [pid];
  const dumps = await Promise.all(pids.map((p) => dumpOne(p, options)));
  return dumps.flat();
}

async function dumpOne(pid: number, options: DumpOptions): Promise<ThreadStack[]> {
  if (options.engine === "inspector" || options.locals === true) return dumpInside(pid, options);
  if (options.engine === "external") return mapped(await dumpStacks(pid));
  try {
    return mapped(await dumpStacks(pid));
  } catch (error) {
    return dumpInside(pid, options).catch(() => Promise.reject(error as Error));
  }
}

async function dumpInside(pid: number, options: DumpOptions): Promise<ThreadStack[]> {
  const session = await attach(pid, options);
  try {
    const { title } = session;
    const threads: { session: CdpSession; ref: ThreadRef }[] = [
      { session, ref: { pid, process: title, thread: 0, name: "main" } },
    ];
    for (const worker of await workersOf(session)) {
      const { thread, name } = worker;
      threads.push({ session: worker, ref: { pid, process: title, thread, name } });
    }
    const locals = options.locals === true;
    return mapped(await Promise.all(threads.map((t) => pausedStack(t.session, t.ref, locals))));
  } finally {
    await session.close();
  }
}

/** The workers there are now; Node announces them one by one and does not say which is the last. */
async function workersOf(session: {
  workers(listener: (worker: WorkerSession) => void): Promise<void>;
}): Promise<WorkerSession[]> {
  const found: WorkerSession[] = [];
  await session.workers((worker) => found.push(worker));
  for (let seen = -1, waited = 0; seen !== found.length || waited < WORKERS_MS / 4; waited += 10) {
    seen = found.length;
    await delay(10);
    if (waited >= WORKERS_MS) break;
  }
  return found.sort((a, b) => a.thread - b.thread);
}

function mapped(stacks: readonly ThreadStack[]): ThreadStack[] {
  const maps = new SourceMaps(new FrameTable());
  return stacks.map((stack) => ({
    ...stack,
    frames: stack.frames.map((frame) => {
      const { locals, ...plain } = frame;
      return { ...maps.map(plain), ...(locals === undefined ? {} : { locals }) };
    }),
  }));
}

function isNode(pid: number): boolean {
  try {
    return nodeVersionOf(pid) !== null;
  } catch {
    return false;
  }
}
