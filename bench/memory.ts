import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProcess, startMemory } from "../src/profile/index.ts";
import { type Contestant, measure, printTable, writeResults } from "./harness.ts";

/**
 * What recording memory costs the recorded program: CPU time (all its threads) for a fixed amount of JSON work that
 * allocates about 1 GB a second, under each way to record, beside Node's own --heap-prof. `plain` runs twice.
 */
const PROGRAM = join(import.meta.dirname, "programs", "allocating.mjs");
const MAIN = join(import.meta.dirname, "..", "src", "cli", "main.ts");
const ROUNDS = "2000";
const folder = mkdtempSync(join(tmpdir(), "spool-bench-"));

async function cpuOf(
  command: string,
  args: readonly string[],
  meet?: (pid: number) => Promise<() => Promise<unknown>>,
): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], cwd: folder });
  let out = "";
  child.stdout.on("data", (text) => (out += String(text)));
  const leave = await meet?.(child.pid!);
  const closed = new Promise((resolve) => child.once("close", resolve));
  await closed;
  await leave?.();
  return Number(/cpu ([\d.]+)/.exec(out)?.[1]);
}

const node = (...flags: string[]): Promise<number> => cpuOf(process.execPath, [...flags, PROGRAM, ROUNDS]);
const run = (...flags: string[]): Promise<number> =>
  cpuOf(process.execPath, [
    "-C",
    "spool-source",
    MAIN,
    "mem",
    "run",
    "-q",
    "-f",
    "-o",
    "out.json",
    ...flags,
    PROGRAM,
    ROUNDS,
  ]);

const contestants: Contestant[] = [
  { name: "plain", run: () => node() },
  { name: "plain again", run: () => node() },
  { name: "node --heap-prof (512 KiB)", run: () => node("--heap-prof") },
  { name: "spool mem run --interval 512KiB", run: () => run("--interval", "512KiB") },
  { name: "spool mem run (32 KiB)", run: () => run() },
  { name: "spool mem run --total", run: () => run("--total") },
  {
    name: "spool mem attach (512 KiB)",
    run: () =>
      cpuOf(process.execPath, [PROGRAM, ROUNDS], async (pid) => {
        // Until Node listens to the signal.
        while (!readProcess(pid).handlesSigusr1) await new Promise((resolve) => setTimeout(resolve, 5));
        const recording = await startMemory(pid);
        return () => recording.stop();
      }),
  },
];

try {
  const table = await measure("CPU time of a program that allocates", contestants, {
    unit: "s",
    rounds: 3,
    warmup: 0,
  });
  printTable(table, "plain");
  console.log(writeResults("memory", [table]));
} finally {
  rmSync(folder, { recursive: true });
}
