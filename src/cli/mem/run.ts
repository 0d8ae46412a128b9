import { existsSync } from "node:fs";
import { basename } from "node:path";
import { ProfilerError, UsageError } from "../../core/index.ts";
import { runMemory, writeMemoryProfile } from "../../profile/index.ts";
import { parseCommand } from "../args.ts";
import { RECORDING, memoryOptions, outputFile } from "./options.ts";
import { sayWritten } from "./say.ts";

const SCRIPT = /\.[cm]?[jt]sx?$/;

/** `spool mem run SCRIPT [ARGS...]`. The program keeps the terminal; its exit code is ours. */
export async function run(args: readonly string[]): Promise<number> {
  const { own, program } = split(args);
  const { values } = parseCommand(own, RECORDING);
  const [command, ...rest] = commandOf(program);
  const name = basename(SCRIPT.test(program[0]!) ? program[0]! : command!);
  const output = outputFile(values.output, name, values.force);
  if (values.live === true) return (await import("./live.ts")).runLive(command!, rest, memoryOptions(values));
  try {
    const { profile, exitCode } = await runMemory(command!, rest, memoryOptions(values));
    writeMemoryProfile(output, profile);
    if (values.quiet !== true) sayWritten(output, profile);
    return exitCode ?? 1;
  } catch (error) {
    if (!(error instanceof ProfilerError)) throw error;
    process.stderr.write(`spool mem run: ${error.message}\n`);
    return 1;
  }
}

/** Our options end at the program's name, so that its own can follow without a `--`. */
function split(args: readonly string[]): { own: string[]; program: string[] } {
  const valued = new Set(["-o", "--output", "--interval"]);
  let at = 0;
  while (at < args.length && args[at]!.startsWith("-") && args[at] !== "--")
    at += valued.has(args[at]!) ? 2 : 1;
  const program = args.slice(args[at] === "--" ? at + 1 : at);
  if (program.length === 0) throw new UsageError("name the script to run, such as `spool mem run app.ts`");
  return { own: args.slice(0, at), program };
}

/** A script runs with this Node; anything else is a command. */
function commandOf(program: readonly string[]): string[] {
  const [first] = program;
  if (!SCRIPT.test(first!)) return [...program];
  if (!existsSync(first!)) throw new UsageError(`there is no script ${first}`);
  return [process.execPath, ...program];
}
