import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Contestant } from "../harness.ts";

const SCRIPT = join(import.meta.dirname, "..", "programs", "pools.py");

/** Python's own pools: programs/pools.py starts one, warms it up, does the work once and prints the figure. */
export function python(name: string, what: string, ...args: number[]): Contestant {
  return { name: `Python ${name}`, run: () => pythonFigure(what, ...args) };
}

async function pythonFigure(what: string, ...args: number[]): Promise<number> {
  const { stdout } = await promisify(execFile)("python3", [SCRIPT, what, ...args.map(String)], {
    timeout: 60_000,
  });
  return JSON.parse(stdout) as number;
}
