import { readFileSync, readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";

/** A worker as the operating system knows it. */
export interface ThreadId {
  readonly pid: number;
  readonly tid: number;
}

/** CPU time and run-queue wait of threads so far, in seconds. */
interface ThreadTimes {
  readonly cpu: number;
  readonly wait: number;
}

/** One reading of everything that adds up over time; two of them give a repetition's figures. */
export interface Reading {
  readonly time: number;
  /** Of this whole process. */
  readonly cpu: number;
  readonly loopActive: number;
  /** Waits of the main thread and of libuv's pool; null where /proc does not tell. */
  readonly mainWait: number | null;
  readonly poolWait: number | null;
  readonly workers: ThreadTimes | null;
  /** CPU time of the workers' processes, helper threads included. */
  readonly childCpu: number;
}

/** Seconds on the clock that all threads and processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

export function readCounters(workers: readonly ThreadId[]): Reading {
  const { user, system } = process.cpuUsage();
  return {
    time: now(),
    cpu: (user + system) / 1e6,
    loopActive: performance.eventLoopUtilization().active / 1e3,
    mainWait: threadTimes(process.pid, process.pid)?.wait ?? null,
    poolWait: sumTimes(poolThreads().map((tid) => threadTimes(process.pid, tid)))?.wait ?? null,
    workers: sumTimes(workers.map((w) => threadTimes(w.pid, w.tid))),
    childCpu: [...childPids(workers)].reduce((sum, pid) => sum + processCpu(pid), 0),
  };
}

/** Resident memory of the workers' own processes; of this process when the workers are threads. Bytes. */
export function residentMemory(workers: readonly ThreadId[]): number | null {
  const pids = childPids(workers);
  if (pids.size === 0) return process.memoryUsage.rss();
  let total = 0;
  for (const pid of pids) {
    const pages = Number(readText(`/proc/${pid}/statm`)?.split(" ")[1]);
    if (Number.isNaN(pages)) return null;
    total += pages * PAGE;
  }
  return total;
}

/** Linux on every architecture that Node supports here; larger pages would only scale a column. */
const PAGE = 4096;

function childPids(workers: readonly ThreadId[]): Set<number> {
  return new Set(workers.map((w) => w.pid).filter((pid) => pid !== process.pid));
}

/** libuv names its threads; they are looked up once they are there and never end. */
let knownPool: number[] = [];

function poolThreads(): number[] {
  if (knownPool.length > 0) return knownPool;
  knownPool = taskIds(process.pid).filter((tid) =>
    readText(`/proc/self/task/${tid}/comm`)?.startsWith("libuv"),
  );
  return knownPool;
}

/** schedstat: nanoseconds on a CPU, nanoseconds ready but waiting for one, time slices. */
function threadTimes(pid: number, tid: number): ThreadTimes | null {
  const text = readText(`/proc/${pid}/task/${tid}/schedstat`);
  if (text === null) return null;
  const [cpu = 0, wait = 0] = text.split(" ").map(Number);
  return { cpu: cpu / 1e9, wait: wait / 1e9 };
}

function processCpu(pid: number): number {
  return taskIds(pid).reduce((sum, tid) => sum + (threadTimes(pid, tid)?.cpu ?? 0), 0);
}

function sumTimes(times: readonly (ThreadTimes | null)[]): ThreadTimes | null {
  if (times.length === 0 || times.includes(null)) return null;
  return times.reduce<ThreadTimes>((sum, t) => ({ cpu: sum.cpu + t!.cpu, wait: sum.wait + t!.wait }), {
    cpu: 0,
    wait: 0,
  });
}

function taskIds(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
