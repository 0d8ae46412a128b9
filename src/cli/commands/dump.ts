import { dump, liveTasks, liveTreeText, toDumpText } from "../../profile/index.ts";
import { parseCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { engineOptions, ENGINE_HELP, pidArgument } from "../profile-options.ts";

export const command: Command = {
  summary: "print what every thread of a running Node process is doing",
  help: `usage: spool dump PID [OPTIONS]

  -l, --locals        show each frame's arguments and variables (through the inspector)
  -s, --subprocesses  also every Node process that PID started
  -t, --tasks         also the async functions that are suspended, and at which await (as \`spool pstree\`)
  -j, --json          machine-readable output
${ENGINE_HELP}

example: spool dump 4242`,
  async run(args) {
    const { values, positionals } = parseCommand(args, {
      locals: { type: "boolean", short: "l" },
      subprocesses: { type: "boolean", short: "s" },
      tasks: { type: "boolean", short: "t" },
      json: { type: "boolean", short: "j" },
      pid: { type: "string", short: "p" },
      external: { type: "boolean" },
      inspector: { type: "boolean" },
      force: { type: "boolean" },
    });
    const pid = pidArgument(values.pid, positionals);
    const stacks = await dump(pid, {
      ...engineOptions(values),
      locals: values.locals === true,
      subprocesses: values.subprocesses === true,
    });
    const tasks = values.tasks === true ? await liveTasks(pid) : undefined;
    const json = tasks === undefined ? stacks : { threads: stacks, tasks };
    const text = [toDumpText(stacks), ...(tasks === undefined ? [] : ["Tasks", liveTreeText(tasks)])];
    process.stdout.write(
      `${values.json === true ? JSON.stringify(json, null, 2) : text.join("\n").trimEnd()}\n`,
    );
    return 0;
  },
};
