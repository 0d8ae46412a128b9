import { setTimeout as delay } from "node:timers/promises";
import { requireInteger, requireSeconds, requireSignal } from "../../core/index.ts";
import { attachOrLookOutside, type EngineOptions } from "../attach/choose.ts";
import { isAlive, readProcess } from "../attach/proc.ts";
import { type ExternalSampleOptions, sampleExternal } from "../external/index.ts";
import { mergeProfiles, type Profile } from "../model/sample.ts";
import { assemble } from "./assemble.ts";
import { nodeChildren } from "./children.ts";
import { LiveProcess } from "./live-process.ts";
import { DEFAULT_RATE, MAX_RATE } from "./record.ts";

export interface SampleOptions extends EngineOptions {
  /** Samples per second, 1 to 1000 (default 100). */
  readonly rate?: number;
  /** Seconds between two snapshots (default 1). */
  readonly every?: number;
  /** Also every Node process that descends from this one. */
  readonly subprocesses?: boolean;
  /** Tell apart the lines that were executing in the innermost function. */
  readonly lines?: boolean;
}

/** What a process did since the last snapshot. */
export interface Snapshot {
  readonly profile: Profile;
  /** Processor time used, as a share of one processor. */
  readonly cpu: number;
  /** Resident memory, bytes. */
  readonly rss: number;
  /** JavaScript heap in use by the main threads, bytes; 0 when it cannot be seen from outside. */
  readonly heap: number;
  /** Milliseconds that the taking of this snapshot kept the target's threads from their work, at most. */
  readonly pause: number;
}

/**
 * Watches a running Node process: a snapshot of what its threads do, every second, until the process ends, `signal`
 * fires or the caller stops asking. The process is left as it was. What `spool top` shows.
 */
export async function* sample(pid: number, options: SampleOptions = {}): AsyncGenerator<Snapshot, void> {
  const interval = 1 / requireInteger("rate", options.rate ?? DEFAULT_RATE, 1, MAX_RATE);
  const signal = requireSignal("signal", options.signal);
  const every = (options.every === undefined ? 1 : requireSeconds("every", options.every)) * 1000;
  const entered = await attachOrLookOutside(pid, options);
  if (entered === "external") {
    yield* sampleOutside(pid, { interval, every, signal, subprocesses: options.subprocesses === true });
    return;
  }
  const live = new Map([[pid, await LiveProcess.start(entered, interval)]]);
  const ended = entered.ended;
  try {
    let last = usageOf([pid]);
    for (;;) {
      if ((await pause(every, ended, signal)) === "over") return;
      if (options.subprocesses === true) await addChildren(live, pid, interval, options);
      const taken = await take([...live.values()], { interval, lines: options.lines });
      if (taken === undefined) return;
      const now = usageOf(live.keys());
      yield { ...taken, cpu: cpuBetween(last, now), rss: now.rss };
      last = now;
    }
  } finally {
    await Promise.all([...live.values()].map((process) => process.session.close()));
  }
}

async function take(
  processes: readonly LiveProcess[],
  options: { interval: number; lines?: boolean | undefined },
): Promise<Pick<Snapshot, "profile" | "heap" | "pause"> | undefined> {
  const recordings = await Promise.all(processes.map((process) => process.take()));
  const pause = Math.max(...processes.map((process) => process.pause));
  const heaps = await Promise.all(processes.map((process) => process.heapUsed().catch(() => 0)));
  if (recordings.every((recording) => recording.threads.length === 0)) return undefined;
  return { profile: assemble(recordings, options), heap: heaps.reduce((a, b) => a + b, 0), pause };
}

async function addChildren(
  live: Map<number, LiveProcess>,
  root: number,
  interval: number,
  options: SampleOptions,
): Promise<void> {
  const fresh = nodeChildren(root).filter((pid) => !live.has(pid));
  await Promise.all(
    fresh.map(async (pid) => {
      // A child that cannot be entered now (it has only just started) is tried again at the next snapshot.
      const session = await attachOrLookOutside(pid, { ...options, engine: "inspector", timeout: 1 }).catch(
        () => undefined,
      );
      if (session === undefined || session === "external") return;
      const child = await LiveProcess.start(session, interval).catch(() => undefined);
      if (child !== undefined) live.set(pid, child);
    }),
  );
}

interface OutsideOptions {
  /** Seconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly every: number;
  readonly signal: AbortSignal | undefined;
  readonly subprocesses: boolean;
}

async function* sampleOutside(pid: number, options: OutsideOptions): AsyncGenerator<Snapshot, void> {
  const { interval, every, signal, subprocesses } = options;
  const look = { rate: Math.round(1 / interval), duration: every / 1000, ...(signal && { signal }) };
  let last = usageOf([pid]);
  while (isAlive(pid) && signal?.aborted !== true) {
    const children = subprocesses ? nodeChildren(pid) : [];
    const seen = await Promise.all([
      lookOutside(pid, look),
      // A child that may not be read is left out, as one that cannot be entered is.
      ...children.map((child) => lookOutside(child, look).catch(() => undefined)),
    ]);
    if (seen[0] === undefined) return;
    const now = usageOf([pid, ...children]);
    yield {
      profile: mergeProfiles(seen.filter((profile) => profile !== undefined)),
      heap: 0,
      pause: 0,
      cpu: cpuBetween(last, now),
      rss: now.rss,
    };
    last = now;
  }
}

/** Undefined when the process has ended before it could be looked at. */
async function lookOutside(pid: number, options: ExternalSampleOptions): Promise<Profile | undefined> {
  try {
    return await sampleExternal(pid, options);
  } catch (error) {
    if (isAlive(pid)) throw error;
    return undefined;
  }
}

interface Usage {
  /** Seconds of processor time, by process. */
  readonly cpu: ReadonlyMap<number, number>;
  readonly rss: number;
  readonly at: number;
}

function usageOf(pids: Iterable<number>): Usage {
  const cpu = new Map<number, number>();
  let rss = 0;
  for (const pid of pids) {
    try {
      const facts = readProcess(pid);
      cpu.set(pid, facts.cpu);
      rss += facts.rss;
    } catch {
      // It has ended.
    }
  }
  return { cpu, rss, at: performance.now() / 1000 };
}

/** Processors in use between two moments. What a process did before it was first seen belongs to no interval. */
function cpuBetween(last: Usage, now: Usage): number {
  let used = 0;
  for (const [pid, cpu] of now.cpu) used += cpu - (last.cpu.get(pid) ?? cpu);
  return used / (now.at - last.at);
}

async function pause(
  milliseconds: number,
  ended: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<"go on" | "over"> {
  const stop = new AbortController();
  const any = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const timer = delay(milliseconds, "go on" as const, { signal: any }).catch(() => "over" as const);
  const result = await Promise.race([timer, ended.then(() => "over" as const)]);
  stop.abort();
  return result;
}
