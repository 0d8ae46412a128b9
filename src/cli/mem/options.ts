import { existsSync } from "node:fs";
import { UsageError } from "../../core/index.ts";
import { type MemoryOptions, parseBytes } from "../../profile/index.ts";

/** What `run` and `attach` take alike. */
export const RECORDING: {
  readonly output: { readonly type: "string"; readonly short: "o" };
  readonly force: { readonly type: "boolean"; readonly short: "f" };
  readonly interval: { readonly type: "string" };
  readonly total: { readonly type: "boolean" };
  readonly "off-heap": { readonly type: "boolean" };
  readonly "no-off-heap": { readonly type: "boolean" };
  readonly live: { readonly type: "boolean" };
  readonly quiet: { readonly type: "boolean"; readonly short: "q" };
} = {
  output: { type: "string", short: "o" },
  force: { type: "boolean", short: "f" },
  interval: { type: "string" },
  total: { type: "boolean" },
  "off-heap": { type: "boolean" },
  "no-off-heap": { type: "boolean" },
  live: { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
};

interface RecordingValues {
  readonly interval?: string | undefined;
  readonly total?: boolean | undefined;
  readonly "off-heap"?: boolean | undefined;
  readonly "no-off-heap"?: boolean | undefined;
}

export function memoryOptions(values: RecordingValues): MemoryOptions {
  const offHeap = values["no-off-heap"] === true ? false : values["off-heap"];
  return {
    ...(values.interval === undefined ? {} : { interval: intervalOf(values.interval) }),
    ...(values.total === undefined ? {} : { total: values.total }),
    ...(offHeap === undefined ? {} : { offHeap }),
  };
}

function intervalOf(text: string): number {
  try {
    return Math.round(parseBytes("--interval", text));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The file to write to; one that is there already is kept unless `--force` is given. */
export function outputFile(given: string | undefined, name: string, force: boolean | undefined): string {
  const path = given ?? `spool-mem-${name}.json.gz`;
  if (force !== true && existsSync(path))
    throw new UsageError(`${path} is there already: give --force to overwrite it, or another --output`);
  return path;
}

export function pidOption(text: string | undefined): number {
  const pid = Number(text);
  if (text === undefined || !Number.isSafeInteger(pid) || pid < 1)
    throw new UsageError(
      `give the PID of a Node process${text === undefined ? "" : `, got "${text}"`}; \`spool ps\` lists them`,
    );
  return pid;
}
