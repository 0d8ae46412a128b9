import { UsageError } from "../../core/index.ts";
import { stalls, toStallText } from "../../profile/index.ts";
import { parseCommand, secondsOption } from "../args.ts";
import type { Command } from "../command.ts";
import { pidArgument } from "../profile-options.ts";
import { stopSignal } from "../stop-signal.ts";

export const command: Command = {
  summary: "watch an event loop and say what blocked it, and where",
  help: `usage: spool stalls PID [OPTIONS]

  --over TIME         report what blocked the loop for longer (default 50ms; also 0.2s)
  -d, --duration SEC  stop after so long (default: until Ctrl-C or the process ends)
  -j, --json          one JSON object per line
  --force             enter a program that traps SIGUSR1 or whose inspector's port is taken, by writing a word or
                      two into its memory

example: spool stalls 4242 --over 100ms`,
  async run(args) {
    const { values, positionals } = parseCommand(args, {
      over: { type: "string" },
      duration: { type: "string", short: "d" },
      json: { type: "boolean", short: "j" },
      force: { type: "boolean" },
      pid: { type: "string", short: "p" },
    });
    const pid = pidArgument(values.pid, positionals);
    const stop = stopSignal(secondsOption("--duration", values.duration));
    let found = 0;
    try {
      const over = timeOption(values.over ?? "50ms");
      for await (const stall of stalls(pid, { over, force: values.force === true, signal: stop.signal })) {
        found++;
        process.stdout.write(`${values.json === true ? JSON.stringify(stall) : toStallText(stall)}\n`);
      }
    } finally {
      stop.dispose();
    }
    if (values.json !== true) process.stderr.write(`${found === 0 ? "no stall" : `${found} stalls`} seen\n`);
    return 0;
  },
};

function timeOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  if (match === null) throw new UsageError(`--over takes a time such as 50ms or 0.2s, got "${text}"`);
  const seconds = Number(match[1]) * (match[2] === "ms" ? 1e-3 : 1);
  if (seconds < 0.005)
    throw new UsageError(`--over ${text}: shorter stalls than 5ms are not to be told apart`);
  return seconds;
}
