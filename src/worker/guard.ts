import { type ChildProcess, spawn } from "node:child_process";

/**
 * Ends worker processes whose parent is gone. A worker notices the end of its parent by itself, but not while it is
 * in a busy loop; so a little shell holds the list of workers, waits on a pipe that only the parent has open, and
 * kills what is on the list when the pipe ends, however the parent died. It needs no time while it waits.
 */
const SCRIPT = 'while read -r line; do pids="$line"; done; [ -z "$pids" ] || kill -9 $pids 2>/dev/null';
/** Pools that live shorter than this many milliseconds never pay for the shell. */
const DELAY_MS = 250;

class Guard {
  readonly #pids = new Set<number>();
  #shell: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  add(pid: number): void {
    if (process.platform === "win32") return;
    this.#pids.add(pid);
    if (this.#shell !== undefined) this.#tell();
    else this.#timer ??= setTimeout(() => this.#start(), DELAY_MS).unref();
  }

  remove(pid: number | undefined): void {
    if (pid === undefined || !this.#pids.delete(pid)) return;
    this.#tell();
    if (this.#pids.size === 0) this.#stop();
  }

  #start(): void {
    this.#timer = undefined;
    const shell = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    shell.on("error", () => {});
    shell.stdin!.on("error", () => {});
    shell.unref();
    (shell.stdin as unknown as { unref?: () => void }).unref?.();
    this.#shell = shell;
    this.#tell();
  }

  #tell(): void {
    this.#shell?.stdin!.write(`${[...this.#pids].join(" ")}\n`);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#shell?.stdin!.end();
    this.#shell = undefined;
  }
}

export const guard: Guard = new Guard();
