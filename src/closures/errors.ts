/** An error (or whatever else was thrown) as plain data. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Makes anything that was thrown fit to travel; never throws itself. */
export function encodeError(error: unknown): WireError {
  const e = error as Error;
  return { name: String(e?.name), message: String(e?.message ?? error), stack: String(e?.stack) };
}

/**
 * The thrown value again: class, message, own properties, cause, and the remote stack followed by `callSite`, the
 * stack of the place that submitted the task (`new Error().stack`). A Promise only when the error's class must be
 * imported first.
 */
export function decodeError(wire: WireError, callSite?: string): unknown {
  const error = new Error(wire.message);
  error.name = wire.name;
  error.stack = callSite === undefined ? wire.stack : `${wire.stack}\n${callSite}`;
  return error;
}
