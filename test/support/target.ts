import { type ChildProcess, fork } from "node:child_process";
import { join, resolve } from "node:path";

const programs = resolve(import.meta.dirname, "..", "programs");

/** A program that is to be profiled, running in a process of its own. */
export interface Target {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly exitCode: Promise<number | null>;
  /** What it has written to stderr. */
  stderr(): string;
  /** Puts a question to it over IPC; it answers when its event loop turns. */
  ask<T>(question: string): Promise<T>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TargetOptions {
  readonly node?: string;
  readonly execArgv?: readonly string[];
  readonly program?: string;
}

/** Starts test/programs/profile-target.cjs (or another) in one of its modes and waits until it says that it is ready. */
export async function startTarget(mode: string, options: TargetOptions = {}): Promise<Target> {
  const child = fork(join(programs, options.program ?? "profile-target.cjs"), [mode], {
    execPath: options.node ?? process.execPath,
    execArgv: [...(options.execArgv ?? [])],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exitCode = new Promise<number | null>((done) => child.once("exit", done));
  await new Promise<void>((done, fail) => {
    child.stdout!.once("data", () => done());
    child.once("exit", () => fail(new Error(`the target ended at once: ${stderr}`)));
    child.once("error", fail);
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exitCode;
    if (child.connected) child.disconnect();
  };
  return {
    pid: child.pid!,
    child,
    exitCode,
    stderr: () => stderr,
    ask<T>(question: string) {
      const answer = new Promise<T>((done) => child.once("message", (message) => done(message as T)));
      child.send(question);
      return answer;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
