import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { mortal } from "./mortal.ts";

export type Language = "spool" | "Python";

/** One SIGKILL: of a worker, with all that hung on it, or of one of its pool's processes. */
export interface Kill {
  readonly pid: number;
  readonly what: "worker" | "child";
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Whole workers with pools of processes, some of which are killed now and then. */
export class Crew {
  readonly kills: Kill[] = [];
  readonly #language: Language;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #workers: ChildProcess[] = [];
  #turn = 0;

  constructor(language: Language, environment: NodeJS.ProcessEnv) {
    this.#language = language;
    this.#environment = { ...process.env, ...environment };
  }

  /** Starts a worker; resolves when it takes tasks. */
  async hire(): Promise<void> {
    const worker = this.#language === "spool" ? this.#spool() : this.#python();
    this.#workers.push(mortal(worker));
    let output = "";
    await new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-4000);
        if (/\bready\b/.test(output)) resolve();
      };
      worker.stdout!.on("data", look);
      worker.stderr!.on("data", look);
      worker.once("exit", () => reject(new Error(`a worker ended at once: ${output}`)));
    });
  }

  /** Kills a pool's process and a whole worker by turns; what is gone is replaced. */
  async strike(): Promise<void> {
    const worker = this.#workers[0];
    if (worker === undefined) return this.hire();
    const children = childrenOf(worker.pid!);
    if (this.#turn++ % 2 === 0 && children.length > 0) {
      this.#kill(children[Math.floor(Math.random() * children.length)]!, "child");
      // The next one strikes the other worker.
      this.#workers.push(this.#workers.shift()!);
      return;
    }
    this.#workers.shift();
    const exited = once(worker, "exit");
    this.#kill(worker.pid!, "worker");
    await exited;
    await this.hire();
  }

  /** Ends all workers, and waits for them. */
  async dismiss(): Promise<void> {
    await Promise.all(
      this.#workers.splice(0).map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const exited = once(worker, "exit");
        worker.kill("SIGTERM");
        const timer = setTimeout(() => worker.kill("SIGKILL"), LONGEST_STOP_MS);
        await exited;
        clearTimeout(timer);
      }),
    );
  }

  #kill(pid: number, what: Kill["what"]): void {
    this.kills.push({ pid, what, at: Date.now() });
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended in this very moment by itself.
    }
  }

  #spool(): ChildProcess {
    const flags = ["--conditions=spool-source", "--no-warnings", join(import.meta.dirname, "app.ts")];
    return spawn(process.execPath, flags, { env: this.#environment });
  }

  #python(): ChildProcess {
    const name = `chaos${this.#turn}-${process.hrtime.bigint()}@py`;
    const args = ["-m", "celery", "-A", "chaos_app", "worker", "-c", "4", "-n", name, "-l", "info"];
    return spawn("/usr/bin/python3", [...args, "--without-gossip", "--without-mingle"], {
      cwd: import.meta.dirname,
      env: { ...this.#environment, PATH: "/usr/bin:/bin", C_FORCE_ROOT: "1", PYTHONUNBUFFERED: "1" },
    });
  }
}

/** How long a worker may take to finish what it runs when it is told to end. */
const LONGEST_STOP_MS = 10_000;

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
