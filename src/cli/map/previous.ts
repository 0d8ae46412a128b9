import { createReadStream, existsSync, truncateSync } from "node:fs";
import { UsageError } from "../../core/index.ts";

/** What an earlier run left in its output file. */
export class Previous {
  /** How often each input is there; the same input may rightly occur several times. */
  readonly #counts = new Map<string, number>();
  readonly failures: { input: unknown; message: string }[] = [];
  /** Inputs that will be skipped. */
  held = 0;

  add(record: PreviousRecord, retryFailed: boolean): void {
    if (!record.ok) {
      if (retryFailed) return;
      this.failures.push({ input: record.input, message: errorText(record) });
    }
    this.held++;
    const key = JSON.stringify(record.input);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Whether this input is done already; each line of the file answers for one occurrence. */
  take(input: unknown): boolean {
    const key = JSON.stringify(input);
    const left = this.#counts.get(key) ?? 0;
    if (left === 0) return false;
    if (left === 1) this.#counts.delete(key);
    else this.#counts.set(key, left - 1);
    return true;
  }
}

interface PreviousRecord {
  readonly ok: boolean;
  readonly input: unknown;
  readonly error?: { readonly name?: string; readonly message?: string };
}

/**
 * Reads an earlier output. A last line without its end was cut off by a crash: it is taken off the file, and its
 * input counts as not done.
 */
export async function readPrevious(file: string, retryFailed: boolean): Promise<Previous> {
  const previous = new Previous();
  if (!existsSync(file)) return previous;
  let whole = 0;
  const stream = createReadStream(file);
  const complete = completeLines(stream, (bytes) => (whole = bytes));
  let number = 0;
  for await (const line of complete) {
    number++;
    if (line.trim() !== "") previous.add(parse(file, number, line), retryFailed);
  }
  if (whole < stream.bytesRead) truncateSync(file, whole);
  return previous;
}

async function* completeLines(
  stream: AsyncIterable<Buffer>,
  seen: (bytesOfWholeLines: number) => void,
): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  let whole = 0;
  for await (const chunk of stream) {
    let data: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
      yield data.toString("utf8", 0, end);
      whole += end + 1;
      data = data.subarray(end + 1);
    }
    rest = data;
  }
  seen(whole);
}

function parse(file: string, number: number, line: string): PreviousRecord {
  try {
    const record = JSON.parse(line) as PreviousRecord;
    if (typeof record === "object" && record !== null && typeof record.ok === "boolean") return record;
  } catch {
    // Told below, together with lines that are JSON of another kind.
  }
  throw new UsageError(
    `${file}:${number} is not a line that \`spool map\` wrote; --resume needs the --out file of an earlier run`,
  );
}

function errorText(record: PreviousRecord): string {
  return `${record.error?.name ?? "Error"}: ${record.error?.message ?? "unknown"}`;
}
