import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";

/** Where Debian's packages python3-celery, python3-redis and python3-msgpack live. */
const PYTHON = "/usr/bin/python3";
const START_SECONDS = 60;

export interface PythonEnvironment {
  readonly BROKER: string;
  readonly BACKEND: string;
  readonly QUEUE: string;
}

/** False, with a line, when Python's Celery is absent; in CI that is a failure instead. */
export async function pythonCelery(): Promise<boolean> {
  const found = await new Promise<boolean>((resolve) =>
    execFile(PYTHON, ["-c", "import celery, redis, msgpack, yaml"], (error) => resolve(error === null)),
  );
  if (!found && process.env["CI"] !== undefined)
    throw new Error("Python's Celery is not installed; CI must have it");
  if (!found) process.stderr.write("skipped: /usr/bin/python3 has no celery, redis, msgpack or yaml\n");
  return found;
}

function environment(variables: PythonEnvironment): NodeJS.ProcessEnv {
  return {
    PATH: "/usr/bin:/bin",
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    C_FORCE_ROOT: "1",
    LANG: "C.UTF-8",
    ...variables,
  };
}

/** A real Celery worker; ready when it says so. */
export class PythonWorker {
  readonly node: string;
  readonly #child: ChildProcess;
  #output = "";

  private constructor(node: string, child: ChildProcess) {
    this.node = node;
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  static async start(variables: PythonEnvironment, node: string): Promise<PythonWorker> {
    const args = ["-m", "celery", "-A", "proj", "worker", "-l", "info", "-E", "-c", "2", "-n", node];
    const child = spawn(PYTHON, [...args, "-Q", variables.QUEUE], {
      cwd: import.meta.dirname,
      env: environment(variables),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const worker = new PythonWorker(node, child);
    await worker.#ready();
    return worker;
  }

  get output(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill("SIGKILL");
        reject(new Error(`Python's worker did not get ready:\n${this.#output}`));
      }, START_SECONDS * 1000);
      const look = (): void => {
        if (!/ ready\./.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#child.stdout!.on("data", look);
      this.#child.stderr!.on("data", look);
      this.#child.once("exit", () => {
        clearTimeout(timer);
        reject(new Error(`Python's worker ended:\n${this.#output}`));
      });
    });
  }
}

export interface PythonRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Python to its end in the folder of the interop tests. */
export function python(variables: PythonEnvironment, ...args: string[]): Promise<PythonRun> {
  return new Promise((resolve) => {
    execFile(
      PYTHON,
      args,
      { cwd: import.meta.dirname, env: environment(variables), timeout: 60_000, maxBuffer: 1 << 24 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
