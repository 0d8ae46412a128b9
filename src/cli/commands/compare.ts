import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import {
  type CompareOptions,
  type Comparison,
  compare,
  renderHtml,
  renderMarkdown,
  renderTable,
} from "../../compare/index.ts";
import { ArgumentError, UsageError } from "../../core/index.ts";
import { integerOption, integersOption, parseCommand, secondsOption } from "../args.ts";
import type { Command } from "../command.ts";
import { type FunctionFile, loadFunction } from "../function-file.ts";
import { onInterrupt } from "../interrupt.ts";
import { inputsFrom } from "../map/inputs.ts";
import { standardOutput } from "../render/lines.ts";
import { progressLine } from "../render/progress.ts";

const OPTIONS = {
  stdin: { type: "boolean" },
  "json-inputs": { type: "boolean" },
  json: { type: "boolean" },
  html: { type: "string" },
  ci: { type: "boolean" },
  expect: { type: "string" },
  strict: { type: "boolean" },
  workers: { type: "string" },
  concurrency: { type: "string" },
  repetitions: { type: "string" },
  budget: { type: "string" },
  broker: { type: "string" },
} as const;

const HELP = `usage: spool compare FILE[#export] [INPUTS...] [options]

Runs the function over the inputs serially, on the event loop, in threads and in processes; measures each several
times; says what kind of work it is, which model suits it and why. The function is called many times per input.

Without INPUTS it takes the module's export \`inputs\` (an iterable, or a function that gives one), else the numbers
from 0 to 63.

  --stdin            inputs are the lines of standard input
  --json-inputs      each input is a JSON value instead of text
  --workers N,N      sizes of the pools (default powers of two up to the cores, and the cores)
  --concurrency N,N  tasks at once on the event loop (default chosen by what the serial run shows)
  --repetitions N    timed runs of each model (default 5)
  --budget S         about how long the comparison may take (default 30)
  --broker URL       also as Celery tasks over this broker (redis://, amqp://, sqlite://FILE)
  --strict           no recommendation, and exit code 1, when the measurements do not carry one
  --json             everything that was measured, as JSON
  --html FILE        also write a page with charts: speed-up curve, overhead, timeline of every worker
  --ci               a Markdown table; exit code 1 when models give different results
  --expect KIND      exit code 1 unless the recommendation is KIND: ${kinds().join(", ")}

  spool compare resize.ts photos/*.jpg --html report.html`;

export const command: Command = {
  summary: "run the same work under every model and say which suits it",
  help: HELP,
  async run(args) {
    const { values, positionals } = parseCommand(args, OPTIONS);
    const [file, ...operands] = positionals;
    if (file === undefined) throw new UsageError("which function? Give FILE or FILE#export, then the inputs");
    if (values.expect !== undefined && !kinds().includes(values.expect))
      throw new UsageError(`--expect takes one of ${kinds().join(", ")}, got "${values.expect}"`);
    const work = await loadFunction(file);
    const given = { stdin: values.stdin === true, json: values["json-inputs"] === true };
    const inputs =
      given.stdin || operands.length > 0 ? inputsFrom(operands, given) : await inputsOf(work, file);
    if (values.broker !== undefined && !URL.canParse(values.broker))
      throw new UsageError(`--broker takes a URL, for example redis://127.0.0.1, got "${values.broker}"`);
    const comparison = await measure(work, inputs, {
      broker: values.broker,
      workers: integersOption("--workers", values.workers, 1),
      concurrency: integersOption("--concurrency", values.concurrency, 2),
      repetitions: integerOption("--repetitions", values.repetitions, 1),
      budget: secondsOption("--budget", values.budget),
    });
    if (typeof comparison === "number") return comparison;
    if (values.html !== undefined) writeFileSync(values.html, renderHtml([comparison]));
    await show(comparison, values);
    return exitCode(comparison, values);
  },
};

function kinds(): string[] {
  return ["serial", "event-loop", "threads", "threads-async", "processes", "celery"];
}

const INTERRUPTED_CODE = 130;
/** Inputs of a function that brings none: enough to keep every worker busy for a while. */
const DEFAULT_INPUTS = 64;

async function inputsOf(
  work: FunctionFile,
  file: string,
): Promise<AsyncIterable<unknown> | Iterable<unknown>> {
  const own = work.module["inputs"];
  if (own === undefined)
    return Array.from({ length: Math.max(DEFAULT_INPUTS, 4 * availableParallelism()) }, (_, i) => i);
  const inputs: unknown = typeof own === "function" ? await (own as () => unknown)() : own;
  if (
    typeof inputs === "object" &&
    inputs !== null &&
    (Symbol.iterator in inputs || Symbol.asyncIterator in inputs)
  )
    return inputs as Iterable<unknown>;
  throw new UsageError(`the export "inputs" of ${file} must be an iterable or a function that gives one`);
}

/** The comparison, or the exit code when there is none: half a comparison says nothing. */
async function measure(
  work: FunctionFile,
  inputs: AsyncIterable<unknown> | Iterable<unknown>,
  options: CompareOptions,
): Promise<Comparison | number> {
  let step = "starting";
  const progress = progressLine(() => `spool compare: ${step}`);
  const interrupts = onInterrupt(() => progress.say("spool compare: interrupted"));
  try {
    return await compare(work.fn, inputs, {
      name: work.name === "default" ? work.url.split("/").pop()! : work.name,
      reference: { url: work.url, name: work.name },
      signal: interrupts.stop,
      ...options,
      onProgress: ({ model, round, repetitions }) => {
        step = round === 0 ? `warming up ${model}` : `${model}, repetition ${round} of ${repetitions}`;
      },
    });
  } catch (error) {
    if (interrupts.stop.aborted) return INTERRUPTED_CODE;
    if (!(error instanceof ArgumentError)) throw error;
    progress.say(`spool compare: ${error.message}`);
    return 1;
  } finally {
    progress.end();
    interrupts.release();
  }
}

interface Shown {
  readonly json?: boolean;
  readonly ci?: boolean;
  readonly strict?: boolean;
  readonly expect?: string;
}

async function show(comparison: Comparison, { json, ci, strict }: Shown): Promise<void> {
  const output = standardOutput();
  const color = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  if (json === true) await output.write(JSON.stringify(comparison));
  else if (ci === true) await output.write(renderMarkdown(comparison));
  else await output.write(renderTable(comparison, { color, strict: strict === true }));
  await output.close();
}

function exitCode(comparison: Comparison, { ci, strict, expect }: Shown): number {
  const { recommendation, resultsEqual } = comparison;
  if (strict === true && recommendation.confidence === "low") return 1;
  if (expect !== undefined && recommendation.model.kind !== expect) return 1;
  return ci === true && resultsEqual === false ? 1 : 0;
}
