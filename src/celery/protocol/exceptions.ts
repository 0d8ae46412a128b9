import * as errors from "../../core/index.ts";
import { repr } from "./repr.ts";

/** An error as Celery stores it in a result. */
export interface WireError {
  readonly exc_type: string;
  readonly exc_message: readonly unknown[];
  readonly exc_module: string | null;
}

/** The wire form of anything thrown. Error classes that Python has built in are named as Python's own. */
export function encodeException(error: unknown): WireError {
  if (error instanceof errors.TaskError)
    return { exc_type: error.type, exc_message: error.args.map(plain), exc_module: error.module };
  if (!(error instanceof Error))
    return { exc_type: "Error", exc_message: [plain(error)], exc_module: "spool" };
  const name = nameOf(error);
  const module = Object.hasOwn(MODULES, name) ? MODULES[name]! : BUILTINS.has(name) ? "builtins" : "spool";
  const args = argumentsOf(error, name);
  return { exc_type: name, exc_message: args, exc_module: module };
}

/** The text that goes with a stored error; JavaScript's stack reads well enough where Python expects a traceback. */
export function tracebackOf(error: unknown): string | null {
  if (error instanceof errors.TaskError && error.traceback !== null) return error.traceback;
  return error instanceof Error ? (error.stack ?? String(error)) : null;
}

/**
 * The error a stored failure stands for: this package's own classes and JavaScript's built-ins by name, classes given
 * with `app.registerError`, and a TaskError that carries the foreign name for everything else.
 */
export function decodeException(
  wire: unknown,
  traceback: string | null,
  known: ReadonlyMap<string, ErrorFactory> = new Map(),
): Error {
  if (!isWireError(wire)) return new errors.TaskError(repr(wire), { type: "Exception", traceback });
  const message = messageOf(wire);
  const short = wire.exc_type.slice(wire.exc_type.lastIndexOf(".") + 1);
  const custom = known.get(short);
  const error = custom?.(wire.exc_message) ?? own(wire, short, message) ?? builtin(wire, short, message);
  if (error === undefined) {
    return new errors.TaskError(message, {
      type: wire.exc_type,
      module: wire.exc_module,
      args: wire.exc_message,
      traceback,
    });
  }
  if (traceback !== null) Object.defineProperty(error, "traceback", { value: traceback, configurable: true });
  return error;
}

/** Builds a user's own error class again from the stored arguments. */
export type ErrorFactory = (args: readonly unknown[]) => Error;

type OwnError = new (message: string) => Error;

/** Celery's errors that are this package's own classes, with the module Python keeps them in. */
const OWN: Record<string, { readonly module: string; readonly make: OwnError }> = {
  NotRegistered: { module: "celery.exceptions", make: errors.NotRegistered },
  TaskRevokedError: { module: "celery.exceptions", make: errors.TaskRevokedError },
  ChordError: { module: "celery.exceptions", make: errors.ChordError },
  MaxRetriesExceededError: { module: "celery.exceptions", make: errors.MaxRetriesExceededError },
  Ignore: { module: "celery.exceptions", make: errors.Ignore },
  SoftTimeLimitExceeded: { module: "billiard.exceptions", make: errors.SoftTimeLimitExceeded },
  TimeLimitExceeded: { module: "billiard.exceptions", make: errors.TimeLimitExceeded },
  WorkerLostError: { module: "billiard.exceptions", make: errors.WorkerLostError },
  EncodeError: { module: "kombu.exceptions", make: errors.EncodeError },
  DecodeError: { module: "kombu.exceptions", make: errors.DecodeError },
  ContentDisallowed: { module: "kombu.exceptions", make: errors.ContentDisallowed },
};

const MODULES: Record<string, string> = Object.fromEntries(
  Object.entries(OWN).map(([name, { module }]) => [name, module]),
);

/** Python's built-in exceptions that are likely to be thrown by name from here. */
const BUILTINS = new Set(
  (
    "ArithmeticError AssertionError AttributeError BufferError ConnectionError EOFError Exception FileNotFoundError " +
    "IOError ImportError IndexError KeyError LookupError MemoryError NameError NotImplementedError OSError " +
    "OverflowError PermissionError RecursionError RuntimeError StopIteration SyntaxError SystemError TimeoutError " +
    "TypeError UnicodeError ValueError ZeroDivisionError"
  ).split(" "),
);

const NATIVE: Record<string, OwnError> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

function nameOf(error: Error): string {
  if (typeof error.name === "string" && error.name !== "Error" && error.name !== "") return error.name;
  return error.constructor.name || "Error";
}

function argumentsOf(error: Error, name: string): unknown[] {
  if (name === "SoftTimeLimitExceeded") return [];
  if ("args" in error && Array.isArray(error.args)) return error.args.map(plain);
  return [error.message];
}

/** Only what any reader can take back: a value that JSON lacks becomes its printed form. */
function plain(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return repr(value);
}

function isWireError(value: unknown): value is WireError {
  return (
    typeof value === "object" &&
    value !== null &&
    "exc_type" in value &&
    typeof value.exc_type === "string" &&
    "exc_message" in value
  );
}

function messageOf(wire: WireError): string {
  const args: unknown = wire.exc_message;
  if (!Array.isArray(args)) return String(args);
  if (args.length === 0) return wire.exc_type;
  return args.length === 1 && typeof args[0] === "string" ? args[0] : args.map((a) => repr(a)).join(", ");
}

function own(wire: WireError, short: string, message: string): Error | undefined {
  const entry = Object.hasOwn(OWN, short) ? OWN[short] : undefined;
  if (entry === undefined || !/^(celery|billiard|kombu|spool)\b/.test(wire.exc_module ?? ""))
    return undefined;
  return new entry.make(message);
}

function builtin(wire: WireError, short: string, message: string): Error | undefined {
  const make = Object.hasOwn(NATIVE, short) ? NATIVE[short] : undefined;
  if (make === undefined || !["builtins", "spool", null].includes(wire.exc_module)) return undefined;
  return new make(message);
}
