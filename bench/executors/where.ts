import { existsSync, readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import type { Profiler, Runtime } from "node:inspector";
import { loadSpool } from "../pools/spool.ts";
import { type Figure, summarise } from "../support/table.ts";
import { type TableSpec, WORKERS, timed } from "./spec.ts";

/** Where the time of one tiny task goes: self time by file of the package, from V8's own profiler on either side. */
const COUNT = 200_000;
const WIDTH = 1000;
/** What takes less of a side's time is summed up. */
const LEAST = 0.015;
const REST = "the rest";

/** Seconds a task, by where they were spent. */
type Costs = Map<string, number>;
type Side = "caller" | "worker";

async function start(): Promise<Session> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  return session;
}

async function stop(session: Session): Promise<Profiler.Profile> {
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return profile;
}

function costs({ nodes, samples, timeDeltas }: Profiler.Profile): Costs {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, place(callFrame)]));
  const sums: Costs = new Map();
  for (const [i, id] of samples!.entries()) {
    const where = places.get(id)!;
    sums.set(where, (sums.get(where) ?? 0) + timeDeltas![i]! / 1e6 / COUNT);
  }
  return sums;
}

function place({ url, functionName, lineNumber, columnNumber }: Runtime.CallFrame): string {
  const [, file] = /\/dist\/(.+)\.js$/.exec(url) ?? [];
  if (file !== undefined) return source(url, lineNumber, columnNumber) ?? file;
  if (functionName === "(idle)") return "waiting";
  if (functionName === "(garbage collector)") return "collecting garbage";
  if (url.startsWith("node:")) return "Node's own JavaScript";
  return url === "" ? "native code: messages and their copies" : "the caller's code";
}

/** The file of src/ that a place in dist/ comes from, where modules are joined into one file. */
function source(url: string, line: number, column: number): string | undefined {
  let map = maps.get(url);
  if (map === undefined) {
    const file = fileURLToPath(`${url}.map`);
    map = existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, "utf8"))) : null;
    maps.set(url, map);
  }
  const entry = map?.findEntry(line, column);
  if (entry === undefined || !("originalSource" in entry)) return undefined;
  return /(?:^|\/)src\/(.+)\.ts$/.exec(entry.originalSource)?.[1];
}

const maps = new Map<string, SourceMap | null>();

/** One run of all tasks under both profilers; the times of the workers are added up. */
async function round(): Promise<Record<Side, Costs>> {
  const { ThreadPoolExecutor } = await loadSpool();
  const pool = new ThreadPoolExecutor({ maxWorkers: WORKERS });
  const square = (x: number): number => x * x;
  const drive = (): Promise<unknown> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < COUNT) await pool.submit(square, next++);
    };
    return timed(() => Promise.all(Array.from({ length: WIDTH }, lane)));
  };
  try {
    await drive();
    await pool.runOnAll(async () => {
      (globalThis as { profiled?: Session }).profiled = await start();
    });
    const session = await start();
    await drive();
    const caller = costs(await stop(session));
    const profiles = await pool.runOnAll(() => stop((globalThis as { profiled?: Session }).profiled!));
    return { caller, worker: added(profiles.map(costs)) };
  } finally {
    await pool.shutdown();
  }
}

function added(all: readonly Costs[]): Costs {
  const sums: Costs = new Map();
  for (const [where, seconds] of all.flatMap((one) => [...one])) {
    sums.set(where, (sums.get(where) ?? 0) + seconds);
  }
  return sums;
}

let measured: Promise<Record<Side, Costs>[]> | undefined;

/** Both sides come from the same runs. */
async function figures(rounds: number, side: Side): Promise<Figure[]> {
  measured ??= (async () => {
    const all: Record<Side, Costs>[] = [];
    for (let i = 0; i < rounds; i++) all.push(await round());
    return all;
  })();
  const costsOf = (await measured).map((it) => it[side]);
  const total = [...added(costsOf).values()].reduce((sum, seconds) => sum + seconds, 0);
  const large = [...added(costsOf)]
    .filter(([, seconds]) => seconds >= LEAST * total)
    .sort((a, b) => b[1] - a[1])
    .map(([where]) => where);
  const rows = large.map((where) =>
    summarise(
      where,
      costsOf.map((costs) => costs.get(where) ?? 0),
    ),
  );
  const rest = costsOf.map((costs) =>
    [...costs].reduce((sum, [where, seconds]) => (large.includes(where) ? sum : sum + seconds), 0),
  );
  return [...rows, summarise(REST, rest)];
}

const table = (side: Side, title: string): TableSpec => ({
  key: `where-${side}`,
  title,
  unit: "seconds",
  better: "lower",
  rounds: 3,
  figures: (rounds) => figures(rounds, side),
  targets: [],
});

export const WHERE_CALLER: TableSpec = table("caller", "the caller's thread, per tiny task, 1,000 in flight");
export const WHERE_WORKER: TableSpec = table("worker", "the two workers together, per task");
