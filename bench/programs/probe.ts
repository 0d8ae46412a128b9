import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { kindNamed } from "../pools/index.ts";
import type { Runner } from "../pools/runner.ts";
import { stepsPerMs } from "../executors/steps.ts";

/**
 * One pool in a program of its own: `probe.ts cold|queued|idle NAME`. Answers by messages to its parent. "nothing" as
 * a name is the same program without a pool.
 */
const [what, name] = process.argv.slice(2) as [string, string];
const IDLE_WORKERS = 4;
const IDLE_SECONDS = 10;
const QUEUED = 100_000;

const kind = name === "nothing" ? undefined : kindNamed(name);
const open = await kind?.load();
const runner = await { cold, queued, idle }[what]!();
await Promise.race([runner?.close(), delay(3000)]);
for (const pid of descendants()) process.kill(pid, "SIGKILL");
process.exit(0);

/** Seconds from the construction of the pool to its first result. */
async function cold(): Promise<Runner> {
  const started = performance.now();
  const pool = open!(1);
  await pool.tiny(3);
  process.send!((performance.now() - started) / 1000);
  return pool;
}

/** Bytes that waiting tasks hold, with the promises that their caller has of them. */
async function queued(): Promise<Runner> {
  const pool = open!(2);
  const long = 5000 * stepsPerMs();
  await Promise.all([pool.tiny(1), pool.tiny(2), pool.tiny(3)]);
  const busy = [pool.burn(long), pool.burn(long)];
  await delay(300);
  const before = await privateBytes();
  const all = Promise.all(Array.from({ length: QUEUED }, (_, i) => pool.tiny(i)));
  await delay(300);
  process.send!((await privateBytes()) - before);
  void [busy, all];
  return { ...pool, close: () => {} };
}

/** Bytes of each worker that has worked and is idle; then the cores that all of them use while nothing happens. */
async function idle(): Promise<Runner | undefined> {
  const before = await privateBytes();
  const pool = open?.(IDLE_WORKERS);
  if (pool !== undefined) {
    const steps = 30 * stepsPerMs();
    for (let i = 0; i < 3; i++)
      await Promise.all(Array.from({ length: IDLE_WORKERS }, () => pool.burn(steps)));
  }
  await delay(300);
  const bytes = ((await privateBytes()) - before) / IDLE_WORKERS;
  process.send!("ready");
  await new Promise((resolve) => process.once("message", resolve));
  const started = cpuSeconds();
  await delay(IDLE_SECONDS * 1000);
  process.send!({ bytes, cores: (cpuSeconds() - started) / IDLE_SECONDS });
  return pool;
}

/** Memory that this program and its children have for themselves, after a collection. */
async function privateBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc!();
    await delay(20);
  }
  return [process.pid, ...descendants()].reduce((sum, pid) => sum + privateOf(pid), 0);
}

function privateOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = [...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].map((match) => Number(match[1]));
  return 1024 * kilobytes.reduce((sum, size) => sum + size, 0);
}

/** CPU time so far, of all threads and all descendants. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return descendants().reduce((sum, pid) => sum + cpuOf(pid), (user + system) / 1e6);
}

function cpuOf(pid: number): number {
  // run-time in nanoseconds of each thread: finer than the ticks of stat.
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e9,
    0,
  );
}

function descendants(of: number = process.pid): number[] {
  return readdirSync(`/proc/${of}/task`).flatMap((thread) =>
    readFileSync(`/proc/${of}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number)
      .flatMap((pid) => [pid, ...descendants(pid)]),
  );
}
