import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { UsageError } from "../../core/index.ts";
import {
  launchRecording,
  type Profile,
  type Recording,
  REPORT_FORMATS,
  renderReport,
  type ReportFormat,
  startRecording,
} from "../../profile/index.ts";
import { integerOption, parseCommand, secondsOption } from "../args.ts";
import type { Command } from "../command.ts";
import { engineOptions, ENGINE_HELP, pidArgument } from "../profile-options.ts";
import { stopSignal } from "../stop-signal.ts";

const EXTENSIONS: Record<ReportFormat, string> = {
  flame: "html",
  speedscope: "speedscope.json",
  raw: "txt",
  pprof: "pb.gz",
  cpuprofile: "cpuprofile",
  chrometrace: "trace.json",
};

export const command: Command = {
  summary: "record where a process spends its time, and write a flame graph",
  help: `usage: spool record PID [OPTIONS]
       spool record [OPTIONS] -- COMMAND ARGUMENTS...

  -o, --output FILE    where to write (default: NAME-PID.html, by format)
  -f, --format FORMAT  ${Object.keys(EXTENSIONS).join(" | ")} (default flame)
  -d, --duration SEC   stop after so long (default: until Ctrl-C or the process ends)
  -r, --rate N         samples per second, 1 to 1000 (default 100)
  -s, --subprocesses   also every Node process that PID starts, in one report
  -t, --threads        a branch per thread, also when there is one only
  -F, --function       whole functions (the default)
  --lines              tell apart the lines that ran in the innermost function
  --recompile          make V8 optimize anew, so that functions inlined from other files are seen too
  -i, --idle           count waiting too
  --loop               only the main threads: what kept the event loops busy
  --diff FILE          compare with an earlier recording (raw, speedscope or cpuprofile)
${ENGINE_HELP}

examples: spool record 4242 -d 10
          spool record -o out.html -- node app.js`,
  async run(args) {
    const end = args.indexOf("--");
    const run = end < 0 ? [] : args.slice(end + 1);
    const { values, positionals } = parseCommand(end < 0 ? args : args.slice(0, end), {
      output: { type: "string", short: "o" },
      format: { type: "string", short: "f", default: "flame" },
      duration: { type: "string", short: "d" },
      rate: { type: "string", short: "r", default: "100" },
      subprocesses: { type: "boolean", short: "s" },
      threads: { type: "boolean", short: "t" },
      function: { type: "boolean", short: "F" },
      lines: { type: "boolean" },
      recompile: { type: "boolean" },
      idle: { type: "boolean", short: "i" },
      loop: { type: "boolean" },
      diff: { type: "string" },
      pid: { type: "string", short: "p" },
      external: { type: "boolean" },
      inspector: { type: "boolean" },
      force: { type: "boolean" },
    });
    const format = formatOption(values.format);
    const options = {
      rate: rateOption(values.rate),
      ...engineOptions(values),
      subprocesses: values.subprocesses === true,
      lines: values.lines === true,
      recompile: values.recompile === true,
      onNote: say,
    };
    const duration = secondsOption("--duration", values.duration);
    const launched = run.length > 0 ? await launchRecording(run, options) : undefined;
    const pid = launched?.pid ?? pidArgument(values.pid, positionals);
    const recording = launched ?? (await startRecording(pid, options));
    say(
      `recording at ${options.rate} samples/s${duration === undefined ? "; Ctrl-C ends it" : ` for ${duration} s`}`,
    );
    const profile = await recordUntilStopped(recording, duration);
    const report = await renderReport(profile, format, {
      title: `${launched === undefined ? `process ${pid}` : run.join(" ")}`,
      idle: values.idle === true,
      loop: values.loop === true,
      ...(values.threads === true ? { byThread: true } : {}),
      ...(values.diff === undefined ? {} : { before: values.diff }),
    });
    const name = basename(profile.threads[0]?.process ?? "profile").replace(/[^\w.-]/g, "_");
    const output = values.output ?? `${name}-${pid}.${EXTENSIONS[format]}`;
    writeFileSync(output, report);
    say(`${profile.samples.length} samples of ${profile.threads.length} threads -> ${output}`);
    return launched === undefined ? 0 : launched.exitCode;
  },
};

async function recordUntilStopped(recording: Recording, duration: number | undefined): Promise<Profile> {
  const stop = stopSignal(duration);
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  try {
    await Promise.race([recording.ended, stopped]);
    return await recording.stop();
  } finally {
    stop.dispose();
  }
}

function formatOption(text: string): ReportFormat {
  if (!(REPORT_FORMATS as readonly string[]).includes(text))
    throw new UsageError(`--format takes one of ${REPORT_FORMATS.join(", ")}, got "${text}"`);
  return text as ReportFormat;
}

function rateOption(text: string): number {
  const rate = integerOption("--rate", text, 1)!;
  if (rate > 1000)
    throw new UsageError(`--rate ${rate}: more than 1000 samples a second cost the target too much`);
  return rate;
}

function say(line: string): void {
  process.stderr.write(`spool: ${line}\n`);
}
