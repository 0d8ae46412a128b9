import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { ArgumentError, requireInteger } from "../../core/index.ts";
import { type AgentConnection, AgentServer } from "../attach/agent-server.ts";
import { AgentSession } from "../attach/agent-session.ts";
import { preloadOption } from "../attach/agent-source.ts";
import { readProcess, titleOf } from "../attach/proc.ts";
import { assemble } from "./assemble.ts";
import { ProcessRecorder } from "./process-recorder.ts";
import { DEFAULT_RATE, MAX_RATE, once, type Recording, type RecordingOptions } from "./record.ts";

/** A command that runs under the recorder. */
export interface LaunchedRecording extends Recording {
  /** The command's exit code, or 128 plus the number of the signal that ended it. */
  readonly exitCode: Promise<number>;
  readonly pid: number;
}

/**
 * Starts a command and records it, and every Node process it starts, from the first line of the program on. The
 * command may be anything that runs Node in the end (`npm test`, `tsx app.ts`). Python: `py-spy record -- CMD`.
 */
export async function launchRecording(
  command: readonly string[],
  options: RecordingOptions = {},
): Promise<LaunchedRecording> {
  const [program, ...args] = command;
  if (program === undefined) throw new ArgumentError("`command` must name a program to run");
  const interval = 1 / requireInteger("rate", options.rate ?? DEFAULT_RATE, 1, MAX_RATE);
  const notes: string[] = [];
  const recorders: Promise<ProcessRecorder | undefined>[] = [];
  const server = await AgentServer.listen((agent) => recorders.push(takeOver(agent, interval)));
  const child = spawn(program, args, { stdio: "inherit", env: environment(server) });
  const exitCode = exitOf(child);
  await spawned(child, program).catch((error: unknown) => {
    server.close();
    throw error;
  });
  return {
    pid: child.pid!,
    exitCode,
    ended: exitCode.then(() => {}),
    stop: once(async () => {
      server.close();
      const started = (await Promise.all(recorders)).filter((recorder) => recorder !== undefined);
      const recordings = await Promise.all(started.map((recorder) => recorder.stop()));
      if (recordings.length === 0) notes.push(`${program} ran no Node process that could be recorded`);
      return assemble(recordings, { interval, lines: options.lines, notes });
    }),
  };
}

/** A process that ends before its recording has begun leaves nothing to report. */
async function takeOver(agent: AgentConnection, interval: number): Promise<ProcessRecorder | undefined> {
  try {
    const { pid } = agent.hello;
    const session = new AgentSession(agent, pid, titleOf(readProcess(pid)), []);
    const recorder = await ProcessRecorder.start(session, interval);
    session.go();
    return recorder;
  } catch {
    return undefined;
  }
}

function environment(server: AgentServer): NodeJS.ProcessEnv {
  const given = process.env["NODE_OPTIONS"];
  const own = preloadOption(server.orders());
  return { ...process.env, NODE_OPTIONS: given === undefined || given === "" ? own : `${given} ${own}` };
}

function exitOf(child: ChildProcess): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once("exit", (code, signal) =>
    resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
  child.once("error", () => resolve(127));
  return promise;
}

function spawned(child: ChildProcess, program: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("spawn", resolve);
  child.once("error", (cause) =>
    reject(new ArgumentError(`cannot run ${program}: ${cause.message}`, { cause })),
  );
  return promise;
}
