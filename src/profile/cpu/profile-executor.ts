import { setTimeout as delay } from "node:timers/promises";
import { ProfilerError } from "../../core/index.ts";
import type { PoolWorker } from "../../worker/index.ts";
import { isAlive, readProcess } from "../attach/proc.ts";
import { mergeProfiles, type Profile } from "../model/sample.ts";
import { record, type RecordOptions } from "./record.ts";

/** Seconds recorded unless asked otherwise: a pool never ends by itself. */
const DEFAULT_DURATION = 10;
/** A process that has only just been forked takes so long, in milliseconds, until it listens to the inspector's signal. */
const START_MS = 5000;

/**
 * Records all workers of a pool at once; what `executor.profile()` does. See there for the semantics. A pool of
 * threads is recorded from inside this process, one of processes by attaching to each.
 */
export async function profileExecutor(
  executor: { workers(): readonly PoolWorker[] },
  options: RecordOptions = {},
): Promise<Profile> {
  const duration = options.duration ?? (options.signal === undefined ? DEFAULT_DURATION : Infinity);
  const chosen = { recompile: true, ...options, duration, engine: "inspector" as const };
  const workers = executor.workers();
  if (workers.length === 0)
    throw new ProfilerError("this pool has no worker yet, so there is nothing to profile: submit work first");
  const processes = workers.filter(({ kind }) => kind === "process");
  return processes.length > 0 ? recordProcesses(processes, chosen) : recordThreads(executor, chosen);
}

async function recordThreads(
  executor: { workers(): readonly PoolWorker[] },
  options: RecordOptions,
): Promise<Profile> {
  const before = executor.workers();
  const profile = await record(process.pid, options);
  const own = new Set([...before, ...executor.workers()].map(({ ident }) => ident));
  return {
    ...profile,
    threads: profile.threads.filter(({ thread }) => own.has(thread)),
    samples: profile.samples.filter(({ thread }) => own.has(thread.thread)),
  };
}

async function recordProcesses(workers: readonly PoolWorker[], options: RecordOptions): Promise<Profile> {
  return mergeProfiles(
    await Promise.all(
      workers.map(async ({ ident }) => {
        await listening(ident);
        return record(ident, options);
      }),
    ),
  );
}

async function listening(pid: number): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (isAlive(pid) && !readProcess(pid).handlesSigusr1 && performance.now() < deadline) await delay(10);
}
