import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { readProcess } from "../../src/profile/index.ts";

/** A program that is looked at, in a process of its own, spoken to over IPC. */
export interface Subject {
  readonly pid: number;
  ask<T>(message: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Starts a program (a path, or a name in bench/programs/) and waits for its first line and its signal handlers. */
export async function startSubject(
  program: string,
  args: readonly string[] = [],
  options: { readonly node?: string; readonly flags?: readonly string[] } = {},
): Promise<Subject> {
  const path = program.includes("/") ? program : join(import.meta.dirname, "..", "programs", program);
  const child = fork(path, args, {
    execPath: options.node ?? process.execPath,
    execArgv: [...(options.flags ?? [])],
    stdio: ["ignore", "pipe", "ignore", "ipc"],
  });
  await once(child.stdout!, "data");
  await listening(child.pid!);
  return {
    pid: child.pid!,
    async ask<T>(message: unknown) {
      child.send(message as string);
      const [answer] = (await once(child, "message")) as [T];
      return answer;
    },
    stop: () => end(child),
  };
}

/** Node listens for the signal that wakes the inspector some milliseconds after it has been started. */
export async function listening(pid: number): Promise<void> {
  while (!readProcess(pid).handlesSigusr1) await new Promise((done) => setTimeout(done, 2));
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
