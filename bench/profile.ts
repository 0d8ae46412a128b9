import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attach, dump, type Frame, record, sample } from "../src/profile/index.ts";
import { type Contestant, measure, printTable, summarise, type Table, writeResults } from "./harness.ts";

/**
 * What the inspector engine costs its target: the CPU time of a program with a fixed amount of work, alone (twice: the
 * difference is the noise of the machine), recorded by us at 100 and 1000 samples a second, watched as by `spool top`,
 * and under Node's own `--cpu-prof` at the same rates. Then how long an attach and a dump take, how long a refresh of
 * `top` keeps the target, and how close the shares come at 100 samples a second.
 */
const PROGRAM = join(import.meta.dirname, "programs", "allocating.mjs");
const TARGET = join(import.meta.dirname, "..", "test", "programs", "profile-target.cjs");
const ROUNDS = "2500";

async function cpuUnder(
  watch: (pid: number) => Promise<unknown>,
  flags: readonly string[] = [],
): Promise<number> {
  const child = spawn(process.execPath, [...flags, PROGRAM, ROUNDS], { stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  child.stdout.on("data", (text) => (out += String(text)));
  const closed = once(child, "close");
  await once(child, "spawn");
  await started(child.pid!);
  await watch(child.pid!);
  await closed;
  return Number(/cpu ([\d.]+)/.exec(out)?.[1]);
}

/** Node listens for the signal that wakes the inspector some milliseconds after it has been started. */
async function started(pid: number): Promise<void> {
  const { readProcess } = await import("../src/profile/index.ts");
  while (!readProcess(pid).handlesSigusr1) await new Promise((done) => setTimeout(done, 2));
}

async function watchLive(pid: number): Promise<void> {
  for await (const snapshot of sample(pid, { engine: "inspector" })) void snapshot;
}

const directory = mkdtempSync(join(tmpdir(), "spool-bench-"));
const cpuProf = (interval: number): string[] => [
  "--cpu-prof",
  `--cpu-prof-dir=${directory}`,
  `--cpu-prof-interval=${interval}`,
];
const none = async (): Promise<void> => {};
const contestants: Contestant[] = [
  { name: "alone", run: () => cpuUnder(none) },
  { name: "alone, again", run: () => cpuUnder(none) },
  {
    name: "spool record, 100 Hz",
    run: () => cpuUnder((pid) => record(pid, { rate: 100, engine: "inspector" })),
  },
  {
    name: "spool record, 1000 Hz",
    run: () => cpuUnder((pid) => record(pid, { rate: 1000, engine: "inspector" })),
  },
  { name: "spool top, 100 Hz", run: () => cpuUnder(watchLive) },
  { name: "node --cpu-prof, 100 Hz", run: () => cpuUnder(none, cpuProf(10_000)) },
  { name: "node --cpu-prof, 1000 Hz", run: () => cpuUnder(none, cpuProf(1000)) },
];
const overhead = await measure("CPU time of a program, whole process", contestants, { unit: "s", rounds: 3 });
printTable(overhead, "alone");
rmSync(directory, { recursive: true, force: true });

const tables: Table[] = [overhead];
const child = fork(TARGET, ["shares"], { stdio: ["ignore", "pipe", "ignore", "ipc"] });
await once(child.stdout!, "data");
try {
  const pid = child.pid!;
  tables.push(await latencies(pid), await refreshes(pid), await accuracy(pid));
} finally {
  child.kill("SIGKILL");
  await once(child, "exit");
}
for (const table of tables.slice(1)) printTable(table);
console.log(writeResults("profile", tables));

function latencies(pid: number): Promise<Table> {
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  };
  return measure(
    "until an answer from a busy process",
    [
      { name: "attach and detach", run: () => timed(async () => (await attach(pid)).close()) },
      { name: "dump, external", run: () => timed(() => dump(pid, { engine: "external" })) },
      { name: "dump, inspector", run: () => timed(() => dump(pid, { engine: "inspector" })) },
    ],
    { unit: "ms", rounds: 10 },
  );
}

async function refreshes(pid: number): Promise<Table> {
  const pauses: number[] = [];
  for await (const { pause } of sample(pid, { engine: "inspector", every: 0.5 })) {
    if (pauses.push(pause) === 12) break;
  }
  // The first refresh also learns where functions lie.
  const figures = [summarise("refresh", pauses.slice(1))];
  return {
    title: "pause of a refresh of top, at most",
    unit: "ms",
    rounds: figures[0]!.samples.length,
    figures,
  };
}

async function accuracy(pid: number): Promise<Table> {
  const errors: number[] = [];
  for (let round = 0; round < 2; round++) {
    const before = await truth();
    const { samples } = await record(pid, { duration: 12, rate: 100, engine: "inspector" });
    const after = await truth();
    const [hot, cold] = [after.hot - before.hot, after.cold - before.cold];
    errors.push(100 * Math.abs(share(samples) - hot / (hot + cold)));
  }
  const figures = [summarise("75/25, both functions inlined", errors)];
  return { title: "error of a share at 100 Hz over 12 s", unit: "points", rounds: errors.length, figures };
}

async function truth(): Promise<{ hot: number; cold: number }> {
  child.send("truth");
  const [answer] = (await once(child, "message")) as [{ hot: number; cold: number }];
  return answer;
}

function share(samples: readonly { stack: readonly Frame[]; weight: number }[]): number {
  const sum = (name: string): number =>
    samples.reduce((total, s) => total + (s.stack.at(-1)?.name === name ? s.weight : 0), 0);
  return sum("hot") / (sum("hot") + sum("cold"));
}
