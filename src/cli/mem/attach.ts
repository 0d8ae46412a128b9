import { ProfilerError } from "../../core/index.ts";
import { attachMemory, writeMemoryProfile } from "../../profile/index.ts";
import { parseCommand, secondsOption } from "../args.ts";
import { onInterrupt } from "../interrupt.ts";
import { RECORDING, memoryOptions, outputFile, pidOption } from "./options.ts";
import { register } from "./registry.ts";
import { sayWritten } from "./say.ts";

const OPTIONS = {
  ...RECORDING,
  duration: { type: "string", short: "d" },
  subprocesses: { type: "boolean", short: "s" },
} as const;

/** `spool mem attach PID`. */
export async function attach(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, OPTIONS);
  const pid = pidOption(positionals[0]);
  const output = outputFile(values.output, String(pid), values.force);
  const recorded = memoryOptions(values);
  const duration = secondsOption("--duration", values.duration);
  if (values.live === true) return (await import("./live.ts")).showLive(pid, recorded);
  const quiet = values.quiet === true;
  const told = new Set<string>();
  const tell = (line: string): void => {
    told.add(line);
    if (!quiet) process.stderr.write(`spool mem: ${line}\n`);
  };
  try {
    const release = register(pid);
    const interrupts = onInterrupt(() => {});
    try {
      tell(`recording process ${pid}; Ctrl-C or \`spool mem detach ${pid}\` ends it`);
      const profile = await attachMemory(pid, {
        ...recorded,
        signal: interrupts.stop,
        onNote: tell,
        ...(duration === undefined ? {} : { duration }),
        ...(values.subprocesses === undefined ? {} : { subprocesses: values.subprocesses }),
      });
      writeMemoryProfile(output, profile);
      const untold = profile.notes.filter((note) => !told.has(note));
      if (!quiet) sayWritten(output, profile, untold);
      return 0;
    } finally {
      interrupts.release();
      release();
    }
  } catch (error) {
    if (!(error instanceof ProfilerError)) throw error;
    process.stderr.write(`spool mem attach: ${error.message}\n`);
    return 1;
  }
}
