import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "../core/index.ts";

/** Options of a command, as `parseArgs` of node:util takes them. */
export type OptionTable = NonNullable<ParseArgsConfig["options"]>;

type Parsed<O extends OptionTable> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; strict: true }>
>;

/**
 * Parses a command's arguments. What the user mistyped ends in a UsageError that names the nearest option; numbers
 * are then read with the functions below, so that every command words these errors alike.
 */
export function parseCommand<const O extends OptionTable>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(error, Object.keys(options));
  }
}

/** A whole number option; undefined when it was not given. */
export function integerOption(flag: string, value: string | undefined, min: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === "" || !Number.isSafeInteger(number) || number < min)
    throw new UsageError(`${flag} takes a whole number of at least ${min}, got "${value}"`);
  return number;
}

/** Whole numbers with commas between them; undefined when the option was not given. */
export function integersOption(flag: string, value: string | undefined, min: number): number[] | undefined {
  return value?.split(",").map((part) => integerOption(flag, part, min)!);
}

/** A duration option in seconds; undefined when it was not given. */
export function secondsOption(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (value.trim() === "" || !Number.isFinite(seconds) || seconds <= 0)
    throw new UsageError(`${flag} takes a number of seconds above 0, got "${value}"`);
  return seconds;
}

/** The one of several options that exclude each other; undefined when none was given. */
export function exclusive<K extends string>(given: Readonly<Partial<Record<K, unknown>>>): K | undefined {
  const names = (Object.keys(given) as K[]).filter((name) => given[name] !== undefined);
  if (names.length > 1)
    throw new UsageError(`${names.map((name) => `--${name}`).join(" and ")} exclude each other: give one`);
  return names[0];
}

function usageError(error: unknown, names: readonly string[]): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== "string" || !code.startsWith("ERR_PARSE_ARGS")) return error;
  const message = (error as Error).message;
  const unknown = /Unknown option '(-{1,2}[^']+)'/.exec(message)?.[1];
  if (unknown === undefined) return new UsageError(message, { cause: error });
  const near = nearest(unknown.replace(/^-+/, ""), names);
  const hint = near === undefined ? "" : `; did you mean --${near}?`;
  return new UsageError(`there is no option ${unknown}${hint}`, { cause: error });
}

/** Typing slips change one letter or two; what differs more is another word. */
const MOST_EDITS = 2;

function nearest(word: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, edits: editDistance(word, name) }));
  ranked.sort((a, b) => a.edits - b.edits);
  return ranked[0] !== undefined && ranked[0].edits <= MOST_EDITS ? ranked[0].name : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
