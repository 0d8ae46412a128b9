import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpoolOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** The real command in a process group of its own, so that a test can press Ctrl-C as a terminal does: for all of it. */
export function startSpool(args: readonly string[], options: SpoolOptions = {}): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=spool-source", main, ...args], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // The command may end before it has read all of its input.
  child.stdin!.on("error", () => {});
  child.stdin!.end(options.input ?? "");
  return child;
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

export function spool(args: readonly string[], options: SpoolOptions = {}): Promise<Ended> {
  return ended(startSpool(args, options));
}

/** Ctrl-C: the signal goes to the command and to everything it has started. */
export function pressCtrlC(child: ChildProcess): void {
  process.kill(-child.pid!, "SIGINT");
}

export function records(
  ndjson: string,
): { index: number; input: unknown; ok: boolean; [key: string]: any }[] {
  return ndjson
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ReturnType<typeof records>[number]);
}
