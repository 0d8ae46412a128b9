/** One command of the command line; each lives in a file of its own under commands/ and is loaded on use. */
export interface Command {
  /** One line for `spool help`. */
  readonly summary: string;
  /** The full help text: usage line, options, an example. */
  readonly help: string;
  /** Carries the command out; returns the exit code. Throws UsageError for what the user must correct. */
  run(args: readonly string[]): Promise<number>;
}

/** Loaders by command name, in the order that `spool help` lists them. */
export type CommandTable = Readonly<Record<string, () => Promise<Command>>>;
