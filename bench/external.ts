import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { dumpStacks, sampleExternal } from "../src/profile/index.ts";
import { type Contestant, type Table, measure, printTable, writeResults } from "./harness.ts";

/**
 * What looking from outside costs: CPU time of the sampled program for a fixed amount of work (a stopped thread uses
 * none, so this is the cost of being stopped), and how long a dump takes.
 */
const PROGRAM = join(import.meta.dirname, "programs", "allocating.mjs");
const SPIN = join(import.meta.dirname, "..", "test", "programs", "external-spin.cjs");
const ROUNDS = "5000";

async function cpuUnder(rate: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, ROUNDS], { stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  child.stdout.on("data", (text) => (out += String(text)));
  const closed = once(child, "close");
  await once(child, "spawn");
  if (rate > 0) await sampleExternal(child.pid!, { rate });
  await closed;
  return Number(/cpu ([\d.]+)/.exec(out)?.[1]);
}

async function dumpLatency(): Promise<Table> {
  const child = spawn(process.execPath, [SPIN], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const dump = async (): Promise<number> => {
    const began = performance.now();
    await dumpStacks(child.pid!);
    return performance.now() - began;
  };
  try {
    return await measure("dump of a busy process", [{ name: "dumpStacks", run: dump }], {
      unit: "ms",
      rounds: 30,
    });
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

const contestants: Contestant[] = [
  { name: "not sampled", run: () => cpuUnder(0) },
  { name: "not sampled, again", run: () => cpuUnder(0) },
  { name: "100 Hz", run: () => cpuUnder(100) },
  { name: "1000 Hz", run: () => cpuUnder(1000) },
];
const overhead = await measure("CPU time of a program sampled from outside", contestants, {
  unit: "s",
  rounds: 5,
});
printTable(overhead, "not sampled");
const latency = await dumpLatency();
printTable(latency);
console.log(writeResults("external", [overhead, latency]));
