import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** The Node binaries that are here, by line: the one that runs this, the machine's own, those of the matrix. */
export function nodeLines(): Map<string, string> {
  const lines = new Map<string, string>();
  const add = (path: string): void => {
    if (!existsSync(path)) return;
    const line = execFileSync(path, ["-p", "process.versions.node.split('.')[0]"], {
      encoding: "utf8",
    }).trim();
    if (!lines.has(line)) lines.set(line, path);
  };
  add(process.execPath);
  for (const line of ["20", "22", "24", "26"]) add(resolve(`.nodes/${line}/node_modules/node/bin/node`));
  add("/usr/bin/node");
  return new Map([...lines].sort(([a], [b]) => Number(a) - Number(b)));
}

/** A program of test/programs/ in a process of its own, up to its line `ready`. */
export class NodeTarget {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<unknown>;
  readonly #lines: string[] = [];
  #onMore: () => void = () => {};

  private constructor(child: ChildProcess) {
    this.child = child;
    this.pid = child.pid!;
    this.exited = once(child, "exit");
    let rest = "";
    child.stdout!.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#onMore();
    });
  }

  static async start(
    program: string,
    options: {
      node?: string;
      flags?: readonly string[];
      args?: readonly string[];
      env?: NodeJS.ProcessEnv;
    } = {},
  ): Promise<NodeTarget> {
    const path = resolve("test/programs", program);
    const child = spawn(
      options.node ?? process.execPath,
      [...(options.flags ?? []), path, ...(options.args ?? [])],
      {
        stdio: ["pipe", "pipe", "inherit"],
        // A group of its own, so that what it started ends with it.
        detached: true,
        env: { ...process.env, NODE_OPTIONS: "", ...options.env },
      },
    );
    const target = new NodeTarget(child);
    await target.line("ready");
    return target;
  }

  /** Resolves when the program has printed this line, counted from the last one that was waited for. */
  async line(wanted: string): Promise<void> {
    while (!this.#lines.includes(wanted)) {
      const more = Promise.withResolvers<void>();
      this.#onMore = more.resolve;
      const ended = await Promise.race([more.promise.then(() => false), this.exited.then(() => true)]);
      if (ended && !this.#lines.includes(wanted)) throw new Error(`the program ended before "${wanted}"`);
    }
    this.#lines.splice(0, this.#lines.indexOf(wanted) + 1);
  }

  async stop(): Promise<void> {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // it has ended
    }
    await this.exited;
    this.child.stdin?.destroy();
    this.child.stdout?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
