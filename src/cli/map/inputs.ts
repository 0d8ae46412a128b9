import { createInterface } from "node:readline";
import { UsageError } from "../../core/index.ts";

/** Inputs of a command: operands, or the lines of standard input as they come. */
export interface Inputs extends AsyncIterable<unknown> {
  /** Known for operands, and for standard input once it has ended. */
  total(): number | undefined;
}

export interface InputOptions {
  readonly stdin: boolean;
  /** Each input is a JSON value; otherwise it is the text itself. */
  readonly json: boolean;
}

export function inputsFrom(operands: readonly string[], options: InputOptions): Inputs {
  const parse = options.json ? parseJson : (text: string): unknown => text;
  if (!options.stdin) {
    const items = operands.map(parse);
    return {
      total: () => items.length,
      async *[Symbol.asyncIterator]() {
        yield* items;
      },
    };
  }
  if (operands.length > 0)
    throw new UsageError(
      `inputs come from --stdin or from the command line, not both (got "${operands[0]}")`,
    );
  return fromStandardInput(parse);
}

function fromStandardInput(parse: (text: string, index: number) => unknown): Inputs {
  let count = 0;
  let ended = false;
  return {
    total: () => (ended ? count : undefined),
    async *[Symbol.asyncIterator]() {
      const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
      try {
        for await (const line of lines) {
          if (line !== "") yield parse(line, count++);
        }
        ended = true;
      } finally {
        // Left early, standard input would otherwise keep the process alive until its writer closes it.
        process.stdin.destroy();
      }
    },
  };
}

function parseJson(text: string, index: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`input ${index + 1} is not JSON: ${text.slice(0, 80)}`, { cause: error });
  }
}
