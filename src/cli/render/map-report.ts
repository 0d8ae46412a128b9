import { clockTime } from "../../core/index.ts";

export interface MapTally {
  succeeded: number;
  readonly failures: MapFailure[];
  skipped: number;
  /** Inputs that an earlier run left as failed and that were not run again. */
  readonly failedBefore: number;
  /** Seconds. */
  elapsed: number;
  interrupted: boolean;
  readonly out: string | undefined;
}

interface MapFailure {
  readonly input: unknown;
  readonly message: string;
}

/** Every failure is in the output; on the terminal a screenful is enough. */
const MOST_LISTED = 20;

/** The closing lines on stderr: errors one by one, then the sum. */
export function renderMapReport(tally: MapTally): string {
  const lines: string[] = [];
  if (tally.failures.length > 0) lines.push(`${tally.failures.length} failed:`);
  for (const { input, message } of tally.failures.slice(0, MOST_LISTED))
    lines.push(`  ${inputText(input)}: ${message.split("\n", 1)[0]}`);
  const unlisted = tally.failures.length - MOST_LISTED;
  if (unlisted > 0) {
    const where = tally.out === undefined ? "the output" : tally.out;
    lines.push(`  ... and ${unlisted} more; all are in ${where} (the lines with "ok":false)`);
  }
  return [...lines, sumLine(tally)].join("\n");
}

function sumLine(tally: MapTally): string {
  const ran = tally.succeeded + tally.failures.length;
  const rate = tally.elapsed > 0 ? Math.round(ran / tally.elapsed) : 0;
  const parts = [`${tally.succeeded} done`, `${tally.failures.length} failed`];
  if (tally.skipped > 0) parts.push(`${tally.skipped} skipped (done before)`);
  if (tally.failedBefore > 0)
    parts.push(`${tally.failedBefore} of them had failed before (--retry-failed runs them again)`);
  const time = `in ${clockTime(tally.elapsed)} (${rate}/s)`;
  const end = tally.interrupted ? `; interrupted${resumeHint(tally)}` : "";
  return `spool map: ${parts.join(", ")} ${time}${end}`;
}

function resumeHint({ out }: MapTally): string {
  return out === undefined ? "" : ", the same command with --resume goes on from here";
}

function inputText(input: unknown): string {
  const text = typeof input === "string" ? input : JSON.stringify(input);
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
