import { UsageError } from "../core/index.ts";
import { exclusive } from "./args.ts";

/** What the profiler commands share: how a process and an engine are named. */
export const ENGINE_HELP = `  --external          read the process from outside: no signal, nothing started in it
  --inspector         only through the inspector
  --force             enter a program that traps SIGUSR1 or whose inspector's port is taken, by writing a word or
                      two into its memory
  -p, --pid PID       as the argument PID`;

/** The PID from `-p` or the first argument. */
export function pidArgument(flag: string | undefined, positionals: readonly string[]): number {
  const given = [...(flag === undefined ? [] : [flag]), ...positionals];
  const [text] = given;
  if (text === undefined) throw new UsageError("name the process: its PID (`spool ps` lists them)");
  if (given.length > 1) throw new UsageError(`one PID at a time, got ${given.join(" ")}`);
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`a PID is a whole number above 0, got "${text}"`);
  return Number(text);
}

/** How the process is to be looked into. */
export function engineOptions(values: { external?: boolean; inspector?: boolean; force?: boolean }): {
  engine: "external" | "inspector" | undefined;
  force: boolean;
} {
  const force = values.force === true;
  if (force && values.external === true)
    throw new UsageError("--force is a way in for the inspector, --external does without: one of them");
  return { engine: exclusive({ external: values.external, inspector: values.inspector }), force };
}
