import { CaptureError } from "../core/index.ts";
import { isOwnFrame } from "./own.ts";
import type { Place } from "./scripts.ts";
import { originalPosition, registerMap, showPosition } from "./source-map.ts";

export interface Refusal {
  /** `CAPTURE_...` */
  readonly code: string;
  /** What the value is and why it cannot travel. */
  readonly problem: string;
  readonly hint: string;
}

/** The error for a value that cannot travel: the way to it, the place in the user's source, and what to do. */
export function captureError(
  refusal: Refusal,
  path: readonly string[],
  where: string | null,
  cause?: unknown,
): CaptureError {
  const { code, problem, hint } = refusal;
  const shown = path.join(" -> ");
  const place = where === null ? "" : `\n    at ${where}`;
  const message = `${shown === "" ? "" : `${shown}: `}${problem}${place}\n  Fix: ${hint}`;
  return new CaptureError(message, { code, path: shown, where, hint, cause });
}

/** The first place on the stack that is not this package's own: where the user submitted what cannot travel. */
export function callerPlace(): string | null {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = DEEPEST;
  const frames = new Error().stack?.split("\n").slice(1) ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  const place = frames.filter((line) => !isOwnFrame(line)).map((line) => PLACE.exec(line));
  const [, script, line, column] = place.find((match) => match !== null) ?? [];
  if (script === undefined) return null;
  return showPosition(originalPosition({ url: script, line: Number(line), column: Number(column) }));
}

const PLACE = /((?:file:\/\/|\/)[^\s()]*?):(\d+):(\d+)/;
/** Between a refused value deep in a structure and the caller lie many frames of the encoder. */
const DEEPEST = 500;

/** `file:line:column` of an offset of the analysed text, in the source the user wrote. */
export function whereIs(place: Place, offset: number): string {
  const { script, base } = place;
  const { line, column } = script.position(base + offset);
  if (!script.onDisk) registerMap(script.url, script.text);
  return showPosition(originalPosition({ url: script.url, line: line + 1, column: column + 1 }));
}
