import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool, ProcessPoolExecutor, ThreadPool, ThreadPoolExecutor } from "../src/index.ts";
import { Bare } from "./bare.ts";
import { type Contestant, type Table, measure, printTable, writeResults } from "./harness.ts";
import { type Runner, processPeers, threadPeers } from "./pools.ts";

/**
 * Dispatch: what one task costs, here and elsewhere. Two workers each, all contestants in turns.
 *
 *   npm run bench executors            everything
 *   SPOOL_BENCH=tiny,map npm run bench executors
 */
const WORKERS = 2;
const wanted = process.env["SPOOL_BENCH"]?.split(",");
const rounds = Number(process.env["SPOOL_BENCH_ROUNDS"] ?? 5);
const tables: Table[] = [];

const square = (x: number): number => x * x;
const spin = (milliseconds: number): number => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  return 0;
};
const echo = (value: Float64Array): Float64Array => value;

async function table(
  key: string,
  title: string,
  unit: string,
  reference: string,
  make: () => Contestant[],
): Promise<void> {
  if (wanted !== undefined && !wanted.includes(key)) return;
  const result = await measure(title, make(), { unit, rounds });
  printTable(result, reference);
  tables.push(result);
}

/** `count` tasks, at most `width` under way, one promise each; gives tasks per second. */
async function drive(
  submit: (x: number) => PromiseLike<number>,
  count: number,
  width: number,
): Promise<number> {
  let next = 0;
  let sum = 0;
  const started = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) sum += await submit(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (sum === 0) throw new Error("no results");
  return (count / (performance.now() - started)) * 1000;
}

function tiny(runner: Runner, width: number, most: number): Contestant {
  // Slow contestants get less work, so that a round of all stays short.
  const count = Math.min(most, runner.count ?? most);
  return { name: runner.name, run: () => drive(runner.tiny, count, width), close: runner.close };
}

function spoolThreads(): Runner & { pool: ThreadPoolExecutor } {
  const pool = new ThreadPoolExecutor({ maxWorkers: WORKERS });
  return {
    name: "spool threads",
    pool,
    tiny: (x) => pool.submit(square, x),
    spin: (ms) => pool.submit(spin, ms),
    echo: (value) => pool.submit(echo, value),
    close: () => pool.shutdown(),
  };
}

function spoolProcesses(): Runner & { pool: ProcessPoolExecutor } {
  const pool = new ProcessPoolExecutor({ maxWorkers: WORKERS });
  return {
    name: "spool processes",
    pool,
    tiny: (x) => pool.submit(square, x),
    spin: (ms) => pool.submit(spin, ms),
    echo: (value) => pool.submit(echo, value),
    close: () => pool.shutdown(),
  };
}

function python(what: string, count: number): number {
  const script = join(import.meta.dirname, "programs", "pools.py");
  return JSON.parse(execFileSync("python3", [script, what, String(count)], { encoding: "utf8" })) as number;
}

const bare = (): Runner[] => [new Bare(false), new Bare(true)];

await table("tiny", "x * x, one promise each, 1,000 in flight, threads", "tasks/s", "bare coalesced", () =>
  [spoolThreads(), ...threadPeers(WORKERS), ...bare()].map((r) => tiny(r, 1000, 200_000)),
);
await table("tiny8", "x * x, one promise each, 8 in flight", "tasks/s", "spool threads", () =>
  [spoolThreads(), spoolProcesses(), ...threadPeers(WORKERS), ...processPeers(WORKERS), ...bare()].map((r) =>
    tiny(r, 8, 20_000),
  ),
);
await table(
  "processes",
  "x * x, one promise each, 1,000 in flight, processes",
  "tasks/s",
  "Python ProcessPoolExecutor.submit",
  () => [
    ...[spoolProcesses(), ...processPeers(WORKERS)].map((r) => tiny(r, 1000, 200_000)),
    { name: "Python ProcessPoolExecutor.submit", run: async () => python("submit", 10_000) },
  ],
);
await table("map", "map over 1,000,000 numbers, all results", "items/s", "Python Pool.map", () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, i) => i);
  const threads = new ThreadPool(WORKERS);
  const processes = new Pool(WORKERS);
  const rate = async (work: () => Promise<unknown>): Promise<number> => {
    const started = performance.now();
    await work();
    return (numbers.length / (performance.now() - started)) * 1000;
  };
  return [
    {
      name: "spool ThreadPool.map",
      run: () => rate(() => threads.map(square, numbers)),
      close: () => threads.terminate(),
    },
    {
      name: "spool Pool.map",
      run: () => rate(() => processes.map(square, numbers)),
      close: () => processes.terminate(),
    },
    { name: "Python Pool.map", run: async () => python("map", 1_000_000) },
    {
      name: "Python ProcessPoolExecutor.map(chunksize=1000)",
      run: async () => python("executor-map", 1_000_000),
    },
    { name: "a plain loop, no pool", run: () => rate(async () => numbers.map(square)) },
  ];
});
await table(
  "spin",
  "400 tasks of 1 ms CPU: share of the ideal (serial / 2)",
  "of ideal",
  "spool threads",
  () => {
    const tasks = 400;
    const share = async (runner: Runner): Promise<number> => {
      const started = performance.now();
      await Promise.all(Array.from({ length: tasks }, () => runner.spin!(1)));
      return tasks / WORKERS / (performance.now() - started);
    };
    return [spoolThreads(), spoolProcesses(), ...threadPeers(WORKERS), ...processPeers(WORKERS)]
      .filter((r) => r.spin !== undefined)
      .map((r) => ({ name: r.name, run: () => share(r), close: r.close }));
  },
);
await table("large", "8 MB Float64Array there and back, copied", "bytes/s", "spool threads", () => {
  const data = new Float64Array(1024 * 1024).fill(1.5);
  const speed = async (runner: Runner): Promise<number> => {
    const trips = 5;
    const started = performance.now();
    for (let i = 0; i < trips; i++) await runner.echo!(data);
    return ((2 * data.byteLength * trips) / (performance.now() - started)) * 1000;
  };
  return [spoolThreads(), spoolProcesses(), ...threadPeers(WORKERS), ...processPeers(WORKERS)]
    .filter((r) => r.echo !== undefined)
    .map((r) => ({ name: r.name, run: () => speed(r), close: r.close }));
});
await table("latency", "round trip of one task, warm, p50", "seconds", "spool threads", () =>
  [spoolThreads(), spoolProcesses(), ...threadPeers(WORKERS), ...processPeers(WORKERS), ...bare()].map(
    (r) => ({
      name: r.name,
      run: async () => {
        const times: number[] = [];
        for (let i = 0; i < 500; i++) {
          const started = performance.now();
          await r.tiny(i);
          times.push(performance.now() - started);
        }
        return times.toSorted((a, b) => a - b)[250]! / 1000;
      },
      close: r.close,
    }),
  ),
);
writeResults("executors", [...earlier(), ...tables]);

/** With SPOOL_BENCH only some tables are measured; those of earlier runs stay. */
function earlier(): Table[] {
  const path = join(import.meta.dirname, "results", "executors.json");
  if (!existsSync(path)) return [];
  const old = (JSON.parse(readFileSync(path, "utf8")) as { tables: Table[] }).tables;
  return old.filter((one) => !tables.some((other) => other.title === one.title));
}
