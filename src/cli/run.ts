import { SpoolError, UsageError } from "../core/index.ts";
import { commands } from "./commands/index.ts";

/** Exit codes as shells know them: 1 the work failed, 2 the command was used wrongly. */
const FAILED = 1;
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
  if (asksForHelp(args)) return print(command.help);
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof SpoolError)) throw error;
    process.stderr.write(`spool ${name}: ${error.message}\n`);
    if (!(error instanceof UsageError)) return FAILED;
    process.stderr.write(`(\`spool ${name} --help\` shows the options)\n`);
    return USAGE;
  }
}

/** What stands after `--` is another program's. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  return own.includes("--help") || own.includes("-h");
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
