import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contestant, measure, type Table } from "../harness.ts";

/**
 * A program from its first line to its last under each profiler that can start one: the CPU time of its work, which
 * it measures itself. What the profilers do after the program has ended is cut off.
 */
const PROGRAM = join(import.meta.dirname, "..", "programs", "allocating.mjs");
const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const PEERS = join(import.meta.dirname, "..", "profilers");
const ROUNDS_OF_WORK = "4000";
const ROUNDS = 5;

export async function wholeTable(): Promise<Table> {
  const folder = mkdtempSync(join(tmpdir(), "spool-bench-"));
  const node = (...args: string[]): Promise<number> => cpuUnder(folder, args);
  const program = [PROGRAM, ROUNDS_OF_WORK];
  const cpuProf = (interval: number): string[] => ["--cpu-prof", `--cpu-prof-interval=${interval}`];
  const spool = (rate: number): Promise<number> =>
    node(
      "-C",
      "spool-source",
      MAIN,
      "record",
      "-r",
      `${rate}`,
      "-o",
      "f.html",
      "--",
      process.execPath,
      ...program,
    );
  const contestants: Contestant[] = [
    { name: "alone", run: () => node(...program) },
    { name: "alone (A/A)", run: () => node(...program) },
    { name: "spool record --, 100 Hz", run: () => spool(100) },
    { name: "spool record --, 1000 Hz", run: () => spool(1000) },
    { name: "node --cpu-prof, 100 Hz", run: () => node(...cpuProf(10_000), ...program) },
    { name: "node --cpu-prof, 1000 Hz", run: () => node(...cpuProf(1000), ...program) },
    ...peers().map(({ name, args }) => ({ name, run: () => node(...args, ...program) })),
  ];
  try {
    return await measure("CPU time of a program started under a profiler", contestants, {
      unit: "s",
      rounds: ROUNDS,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** 0x and clinic flame where `npm run bench:install` has brought them; both sample by `node --prof`, at 1000 Hz. */
function peers(): { name: string; args: string[] }[] {
  const zeroX = join(PEERS, "node_modules", "0x", "cmd.js");
  const flame = join(PEERS, "node_modules", "@clinic", "flame", "index.js");
  const collect = `new (require(${JSON.stringify(flame)}))().collect([process.execPath, ...process.argv.slice(1)], () => {})`;
  const found: { name: string; args: string[] }[] = [];
  if (existsSync(zeroX)) found.push({ name: "0x", args: [zeroX] });
  if (existsSync(flame)) found.push({ name: "clinic flame", args: ["-e", collect, "--"] });
  if (found.length < 2) console.log("0x and clinic flame are not here: npm run bench:install");
  return found;
}

/** Runs node with these arguments until the program has told its CPU seconds, then ends whatever goes on. */
async function cpuUnder(folder: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const closed = once(child, "close");
  let out = "";
  let found: RegExpExecArray | null = null;
  for await (const text of child.stdout) {
    out += String(text);
    found = /cpu ([\d.]+)\n/.exec(out);
    if (found !== null) break;
  }
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // it has ended by itself
  }
  await closed;
  if (found === null) throw new Error(`no figure from node ${args.join(" ")}: ${out}`);
  return Number(found[1]);
}
