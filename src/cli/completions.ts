import type { CommandTable } from "./command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export function isShell(name: string): name is Shell {
  return (SHELLS as readonly string[]).includes(name);
}

/** What a shell needs to complete one command. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  /** Long options with their dashes, read from the help text, which names every one. */
  readonly options: readonly string[];
}

/** A script that teaches a shell the commands and options of `spool`; print it where the shell reads completions. */
export async function completionScript(shell: Shell, table: CommandTable): Promise<string> {
  const commands = await Promise.all(
    Object.entries(table).map(async ([name, load]) => {
      const { summary, help } = await load();
      return { name, summary, options: longOptions(help) };
    }),
  );
  return { bash, zsh, fish }[shell](commands);
}

/** Every `--option` that a help text names; the form for any option (`--`) is none. */
function longOptions(help: string): string[] {
  return [...new Set(help.match(/(?<![\w-])--[a-z][\w-]*/g) ?? [])].sort();
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options }) => `    ${name}) words="${options.join(" ")}" ;;`);
  return `# spool completions bash >> ~/.bashrc
_spool() {
  local words current="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${commands.map(({ name }) => name).join(" ")}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _spool spool
`;
}

function zsh(commands: readonly Completed[]): string {
  return `#compdef spool
# spool completions zsh > a file named _spool in a folder of $fpath
autoload -U +X bashcompinit && bashcompinit
${bash(commands).replace(/^#.*\n/, "")}`;
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c spool -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...options.map(
      (option) => `complete -c spool -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
    ),
  ]);
  return `# spool completions fish > ~/.config/fish/completions/spool.fish\n${lines.join("\n")}\n`;
}
