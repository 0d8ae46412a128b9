import { CaptureError, describe } from "../core/index.ts";
import { encodeValue } from "./late-encoder.ts";
import { isOwnFrame } from "./own.ts";
import { reviveValue } from "./revive.ts";
import { originalFrames } from "./source-map.ts";
import type { Payload, ShipOptions } from "./wire.ts";

/** An error (or whatever else was thrown) as plain data. */
export interface WireError {
  readonly payload: Payload;
}

/** See at-once.ts; the encoder must be there. */
export function encodeError(error: unknown, options: ShipOptions = { to: "process" }): WireError {
  const encode = (value: unknown): WireError => ({
    payload: encodeValue(value, "error", { to: options.to, back: true }).payload,
  });
  try {
    return encode(error);
  } catch {
    try {
      return encode(summary(error, 0));
    } catch {
      return encode(describe(error));
    }
  }
}

/**
 * The thrown value again: class, message, own properties, cause, and the remote stack followed by `callSite`, the
 * stack of the place that submitted the task (`new Error().stack`). Stack frames speak of the source the user
 * wrote. A Promise only when the error's class must be imported first; if that fails, a plain Error takes its place.
 */
export function decodeError(wire: WireError, callSite?: string): unknown {
  const revived = reviveValue(wire.payload);
  if (!(revived instanceof Promise)) return finish(revived, callSite);
  return revived.then(
    (error) => finish(error, callSite),
    () => finish(withoutClasses(wire), callSite),
  );
}

function finish(error: unknown, callSite: string | undefined): unknown {
  if (!(error instanceof Error)) return error;
  let deepest: unknown = error;
  for (let depth = 0; depth < MOST_CAUSES && deepest instanceof Error; depth++) {
    setStack(deepest, originalFrames(withoutOwnFrames(deepest.stack ?? "")));
    deepest = deepest.cause;
  }
  const site = callSite === undefined ? "" : framesOf(callSite);
  if (site !== "") setStack(error, `${error.stack}\n${SUBMITTED}\n${site}`);
  return error;
}

const SUBMITTED = "    --- submitted from ---";
/** A chain of causes may be a ring. */
const MOST_CAUSES = 20;

function framesOf(stack: string): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return withoutOwnFrames(frames.join("\n"));
}

/** This package's own frames and those of Node's event loop say nothing about the user's program. */
function withoutOwnFrames(stack: string): string {
  const lines = stack.split("\n");
  return lines.filter((line) => !/^\s+at /.test(line) || !(isOwnFrame(line) || LOOP.test(line))).join("\n");
}

const LOOP = /\(?node:(internal\/(process|event_target|per_context|child_process|worker)|events:)/;

/** The parts of an error that can travel one by one. */
function summary(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return typeof error === "symbol" ? String(error) : describe(error);
  const copy = new Error(error.message);
  setStack(copy, error.stack ?? "");
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
  for (const key of Object.keys(error)) Object.assign(copy, { [key]: travelling((error as any)[key]) });
  if (error.cause !== undefined && depth < MOST_CAUSES) copy.cause = summary(error.cause, depth + 1);
  return copy;
}

function travelling(value: unknown): unknown {
  try {
    encodeValue(value, "property", { to: "process", back: true });
    return value;
  } catch (error) {
    return error instanceof CaptureError ? `[${describe(value)}]` : undefined;
  }
}

/** The payload again with every class that must be imported left out. */
function withoutClasses(wire: WireError): unknown {
  const nodes = wire.payload.nodes.map((node) =>
    node.kind === "import" ? ({ kind: "intrinsic", path: ["Error"] } as const) : node,
  );
  try {
    return reviveValue({ ...wire.payload, nodes });
  } catch (error) {
    return error;
  }
}

function setStack(error: Error, stack: string): void {
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
}
