import { UsageError } from "../../core/index.ts";
import { parseCommand } from "../args.ts";
import type { Command, CommandTable } from "../command.ts";
import { completionScript, isShell } from "../completions.ts";

/** The command for the shells of a user of these commands. */
export const completionsOf = (commands: CommandTable): Command => ({
  summary: "print a script that lets the shell complete commands and options",
  help: `usage: spool completions bash | zsh | fish

example: spool completions bash >> ~/.bashrc`,
  async run(args) {
    const [shell = "", ...rest] = parseCommand(args, {}).positionals;
    if (!isShell(shell) || rest.length > 0)
      throw new UsageError(`name one shell: bash, zsh or fish, got "${args.join(" ")}"`);
    process.stdout.write(await completionScript(shell, commands));
    return 0;
  },
});
