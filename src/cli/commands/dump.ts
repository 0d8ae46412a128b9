import { dump, toDumpText } from "../../profile/index.ts";
import { parseCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { engineOption, ENGINE_HELP, pidArgument } from "../profile-options.ts";

export const command: Command = {
  summary: "print what every thread of a running Node process is doing",
  help: `usage: spool dump PID [OPTIONS]

  -l, --locals        show each frame's arguments and variables (through the inspector)
  -s, --subprocesses  also every Node process that PID started
  -j, --json          machine-readable output
${ENGINE_HELP}

example: spool dump 4242`,
  async run(args) {
    const { values, positionals } = parseCommand(args, {
      locals: { type: "boolean", short: "l" },
      subprocesses: { type: "boolean", short: "s" },
      json: { type: "boolean", short: "j" },
      pid: { type: "string", short: "p" },
      external: { type: "boolean" },
      inspector: { type: "boolean" },
    });
    const stacks = await dump(pidArgument(values.pid, positionals), {
      engine: engineOption(values),
      locals: values.locals === true,
      subprocesses: values.subprocesses === true,
    });
    process.stdout.write(`${values.json === true ? JSON.stringify(stacks, null, 2) : toDumpText(stacks)}\n`);
    return 0;
  },
};
