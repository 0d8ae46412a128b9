/** One line of the output: what became of one input. */
export type MapRecord = Succeeded | Failed;

interface Settled {
  /** Position among all inputs, from 0. */
  readonly index: number;
  readonly input: unknown;
}

interface Succeeded extends Settled {
  readonly ok: true;
  readonly result: unknown;
  readonly seconds: number;
}

export interface Failed extends Settled {
  readonly ok: false;
  readonly error: {
    readonly name: string;
    readonly message: string;
    readonly code?: string;
    readonly stack?: string;
  };
  /** How often the input was tried. */
  readonly attempts: number;
}

export function failedRecord(index: number, input: unknown, error: unknown, attempts: number): Failed {
  if (!(error instanceof Error))
    return { index, input, ok: false, error: { name: "Error", message: String(error) }, attempts };
  const code = (error as { code?: unknown }).code;
  const { name, message, stack } = error;
  return {
    index,
    input,
    ok: false,
    error: {
      name,
      message,
      ...(typeof code === "string" ? { code } : {}),
      ...(stack === undefined ? {} : { stack }),
    },
    attempts,
  };
}

/**
 * The record as one line of JSON. What JSON lacks is written in the plainest form it has: a bigint as its digits, a Map
 * or Set as an array, nothing as null. A result that has no such form turns the record into a failure.
 */
export function toLine(record: MapRecord): { line: string; record: MapRecord } {
  try {
    return { line: JSON.stringify(record, plainly), record };
  } catch (error) {
    const failure = failedRecord(record.index, record.input, unwritable(error), 1);
    return { line: JSON.stringify(failure, plainly), record: failure };
  }
}

function plainly(key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map || value instanceof Set) return [...value];
  if (value === undefined && key === "result") return null;
  return value;
}

function unwritable(cause: unknown): Error {
  const why = cause instanceof Error ? cause.message.split("\n", 1)[0]! : String(cause);
  return new TypeError(`The result cannot be written as JSON: ${why}`, { cause });
}
