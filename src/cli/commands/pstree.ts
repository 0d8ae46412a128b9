import { UsageError } from "../../core/index.ts";
import { type LiveTask, liveTasks, liveTreeText } from "../../profile/index.ts";
import { integerOption, parseCommand } from "../args.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "show the await tree of a running Node program, with the line of every await",
  help: `usage: spool pstree PID [OPTIONS]

Shows which async functions of a running program are suspended, at which await, and who awaits them. The program
needs no preparation. It stands still while its heap is read: about 0.1 s per MB.

  -j, --json            machine-readable output
      --heap-limit MB   largest heap to read (default 50)

example: spool pstree 4711`,
  run: (args) => showLiveTasks(args, liveTreeText),
};

/** For `pstree PID` and `ps PID`, which differ in the form of the answer. */
export async function showLiveTasks(
  args: readonly string[],
  render: (tasks: readonly LiveTask[]) => string,
): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    json: { type: "boolean", short: "j" },
    "heap-limit": { type: "string" },
  });
  const pid = Number(positionals[0]);
  if (positionals.length !== 1 || !Number.isSafeInteger(pid) || pid < 1) {
    throw new UsageError(`give one process id, got "${positionals.join(" ")}"; "spool ps" lists them`);
  }
  const heapLimit = integerOption("--heap-limit", values["heap-limit"], 1);
  const tasks = await liveTasks(pid, { heapLimit });
  process.stdout.write(values.json === true ? `${JSON.stringify(tasks, null, 2)}\n` : render(tasks));
  return 0;
}
