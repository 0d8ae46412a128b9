import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";

const children: ChildProcess[] = [];
process.on("exit", () => children.forEach((one) => one.kill("SIGTERM")));

const PYTHON = { PATH: "/usr/bin:/bin", C_FORCE_ROOT: "1", PYTHONUNBUFFERED: "1" };

/** Starts a program; resolves with it once its output matches. */
export async function start(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<ChildProcess> {
  const child = spawn(command, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
      if (ready.test(output)) resolve();
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("exit", () => reject(new Error(output)));
  });
  return child;
}

export function startNode(file: string, environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const flags = ["--conditions=spool-source", "--no-warnings", join(import.meta.dirname, file)];
  return start(process.execPath, flags, environment, /ready/);
}

/** Python's worker, without what it could do besides. */
export function startPython(node: string, environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const args = ["-m", "celery", "-A", "celery_app", "worker", "-c", "2", "-n", node, "-Q", `${node}.idle`];
  const lean = ["--without-gossip", "--without-mingle"];
  return start("/usr/bin/python3", [...args, ...lean], { ...environment, ...PYTHON }, /transport:/);
}

/** Runs Python's client and gives the figures that it prints. */
export async function pythonClient<T>(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<T> {
  const { stdout } = await promisify(execFile)("/usr/bin/python3", ["celery_client.py", ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...environment, ...PYTHON },
  });
  return JSON.parse(stdout) as T;
}

/** Ends all programs started so far. */
export async function dismiss(): Promise<void> {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  }
}
