import { UsageError } from "../core/index.ts";
import { commands } from "./commands/index.ts";

/** Exit codes as shells know them: 1 the work failed, 2 the command was used wrongly. */
const USAGE = 2;

/** Runs `spool ARGS...` and returns the exit code. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(args[0]);
  if (name === "--version" || name === "-V") return runCommand(["version"]);
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`spool: there is no command "${name}"; \`spool help\` lists them\n`);
    return USAGE;
  }
  const command = await load();
  if (args.includes("--help") || args.includes("-h")) return print(command.help);
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`spool ${name}: ${error.message}\n(\`spool ${name} --help\` shows the options)\n`);
    return USAGE;
  }
}

async function help(name: string | undefined): Promise<number> {
  const load = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load !== undefined) return print((await load()).help);
  const lines = await Promise.all(
    Object.entries(commands).map(async ([key, loader]) => `  ${key.padEnd(10)} ${(await loader()).summary}`),
  );
  return print(
    `usage: spool COMMAND [ARGUMENTS]\n\n${lines.join("\n")}\n\n\`spool help COMMAND\` says more about one.`,
  );
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
