import { UsageError } from "../core/index.ts";
import { exclusive } from "./args.ts";

/** What the profiler commands share: how a process and an engine are named. */
export const ENGINE_HELP = `  --external          read the process from outside: no signal, nothing started in it
  --inspector         only through the inspector
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

export function engineOption(values: {
  external?: boolean;
  inspector?: boolean;
}): "external" | "inspector" | undefined {
  return exclusive({ external: values.external, inspector: values.inspector });
}
