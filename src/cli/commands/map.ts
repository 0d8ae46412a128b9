import { UsageError } from "../../core/index.ts";
import { exclusive, integerOption, parseCommand, secondsOption } from "../args.ts";
import type { Command } from "../command.ts";
import { loadFunction } from "../function-file.ts";
import { type Interrupts, onInterrupt } from "../interrupt.ts";
import { type Workforce, defaultWorkforce, openExecutor } from "../map/executor.ts";
import { type Inputs, inputsFrom } from "../map/inputs.ts";
import { Previous, readPrevious } from "../map/previous.ts";
import { type MapRecord, toLine } from "../map/record.ts";
import { runMap } from "../map/run.ts";
import { type LineWriter, fileOutput, standardOutput } from "../render/lines.ts";
import { type MapTally, renderMapReport } from "../render/map-report.ts";
import { type ProgressFigures, progressLine, progressText } from "../render/progress.ts";

const OPTIONS = {
  stdin: { type: "boolean" },
  "json-inputs": { type: "boolean" },
  threads: { type: "string" },
  processes: { type: "string" },
  async: { type: "string" },
  ordered: { type: "boolean" },
  timeout: { type: "string" },
  retries: { type: "string" },
  out: { type: "string", short: "o" },
  resume: { type: "boolean" },
  "retry-failed": { type: "boolean" },
} as const;

const HELP = `usage: spool map FILE[#export] INPUTS... | --stdin [options]

Runs the exported function (the default export, or the only one) over every input, on every core. Each result is one
line of JSON: {"index":0,"input":"a.txt","ok":true,"result":...,"seconds":0.01}, or "ok":false with the "error".

  --threads N      N worker threads (default: one per core)
  --processes N    N worker processes: a crash takes only its own task along
  --async N        no workers: N calls at once on the event loop, for work that waits
  --stdin          inputs are the lines of standard input, taken as they are needed
  --json-inputs    each input is a JSON value instead of text
  --ordered        results in the order of the inputs instead of as they come
  --timeout S      seconds that one call may take; then it is stopped, and fails
  --retries N      try an input again, up to N times, when it fails
  --out FILE, -o   write the results to FILE; the progress bar stays on the terminal
  --resume         skip the inputs that FILE holds already, and add to it
  --retry-failed   with --resume: run those again that failed

Ctrl-C lets running calls finish and keeps what is done; a second Ctrl-C stops them. Exit code: 0 when every input
succeeded, 1 when some failed, 2 for a mistake in the command, 130 when interrupted.

  spool map resize.ts photos/*.jpg --out done.ndjson
  find src -name '*.ts' | spool map count.ts#words --stdin --processes 4`;

export const command: Command = {
  summary: "run a function over many inputs, on every core",
  help: HELP,
  async run(args) {
    const request = await readRequest(args);
    const previous =
      request.resume && request.out !== undefined
        ? await readPrevious(request.out, request.retryFailed)
        : new Previous();
    return carryOut(request, previous);
  },
};

interface Request {
  readonly work: Awaited<ReturnType<typeof loadFunction>>;
  readonly inputs: Inputs;
  readonly workforce: Workforce;
  readonly ordered: boolean;
  readonly timeout: number | undefined;
  readonly retries: number;
  readonly out: string | undefined;
  readonly resume: boolean;
  readonly retryFailed: boolean;
}

async function readRequest(args: readonly string[]): Promise<Request> {
  const { values, positionals } = parseCommand(args, OPTIONS);
  const [file, ...operands] = positionals;
  if (file === undefined) throw new UsageError("which function? Give FILE or FILE#export, then the inputs");
  const stdin = values.stdin === true;
  if (!stdin && operands.length === 0)
    throw new UsageError("there are no inputs: name them after FILE, or pipe them in with --stdin");
  if (values.resume === true && values.out === undefined)
    throw new UsageError("--resume goes on with an earlier output: name it with --out FILE");
  if (values["retry-failed"] === true && values.resume !== true)
    throw new UsageError("--retry-failed says what --resume does with failures: give both");
  return {
    inputs: inputsFrom(operands, { stdin, json: values["json-inputs"] === true }),
    workforce: workforceOf(values),
    ordered: values.ordered === true,
    timeout: secondsOption("--timeout", values.timeout),
    retries: integerOption("--retries", values.retries, 0) ?? 0,
    out: values.out,
    resume: values.resume === true,
    retryFailed: values["retry-failed"] === true,
    work: await loadFunction(file),
  };
}

type Sizes = Readonly<Partial<Record<"threads" | "processes" | "async", string | undefined>>>;

function workforceOf({ threads, processes, async }: Sizes): Workforce {
  const given = { threads, processes, async };
  const kind = exclusive(given);
  if (kind === undefined) return defaultWorkforce();
  return { kind, size: integerOption(`--${kind}`, given[kind], 1)! };
}

/** Tasks handed out per worker: enough that none runs dry while the main thread writes results. */
const WINDOW_PER_WORKER = 16;

async function carryOut(request: Request, previous: Previous): Promise<number> {
  const { inputs, out, workforce } = request;
  const started = performance.now();
  const tally: MapTally = {
    succeeded: 0,
    failures: [],
    skipped: 0,
    failedBefore: previous.failures.length,
    elapsed: 0,
    interrupted: false,
    out,
  };
  const pace = new Pace();
  const progress = progressLine(() => progressText(figures(tally, inputs, previous, pace)));
  const interrupts = onInterrupt((step) => progress.say(INTERRUPTED[step]));
  const writer = out === undefined ? standardOutput() : fileOutput(out, request.resume);
  const executor = openExecutor(workforce);
  try {
    const { skipped } = await runMap({
      work: request.work,
      inputs,
      isDone: (input) => previous.take(input),
      executor: request.timeout === undefined ? executor : executor.with({ timeout: request.timeout }),
      window: Math.max(workforce.size, workforce.kind === "async" ? 0 : workforce.size * WINDOW_PER_WORKER),
      ordered: request.ordered,
      retries: request.retries,
      stop: interrupts.stop,
      abort: interrupts.abort,
      write: (record) => writeRecord(record, writer, tally),
    });
    tally.skipped = skipped;
    tally.interrupted = interrupts.stop.aborted;
    await writer.close();
  } catch (error) {
    // The reader of standard output has seen enough (`| head`): that is not a failure of the work.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    tally.interrupted = true;
  } finally {
    progress.end();
    interrupts.release();
    await executor.shutdown({ cancelFutures: true });
  }
  tally.elapsed = (performance.now() - started) / 1000;
  progress.say(renderMapReport(tally));
  return exitCode(tally, interrupts);
}

const INTERRUPTED = {
  stop: "spool map: finishing what is running; Ctrl-C again stops it",
  abort: "spool map: stopped",
} as const;

function writeRecord(record: MapRecord, writer: LineWriter, tally: MapTally): void | Promise<void> {
  const { line, record: written } = toLine(record);
  if (written.ok) tally.succeeded++;
  else
    tally.failures.push({ input: written.input, message: `${written.error.name}: ${written.error.message}` });
  return writer.write(line);
}

function figures(tally: MapTally, inputs: Inputs, previous: Previous, pace: Pace): ProgressFigures {
  const total = inputs.total();
  const failed = tally.failures.length;
  const done = tally.succeeded + failed;
  const left = total === undefined ? undefined : Math.max(0, total - previous.held);
  return { done, failed, total: left, rate: pace.rate(done) };
}

/** Inputs per second from the first one that was done. */
class Pace {
  #since: number | undefined;
  #first = 0;

  rate(done: number): number {
    if (done === 0) return 0;
    const now = performance.now();
    if (this.#since === undefined) {
      this.#since = now;
      this.#first = done;
    }
    return now > this.#since ? ((done - this.#first) * 1000) / (now - this.#since) : 0;
  }
}

const INTERRUPTED_CODE = 130;

function exitCode(tally: MapTally, interrupts: Interrupts): number {
  if (interrupts.stop.aborted) return INTERRUPTED_CODE;
  return tally.failures.length > 0 || tally.failedBefore > 0 ? 1 : 0;
}
