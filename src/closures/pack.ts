import { encodeValue } from "./encoder.ts";
import { giveEncoder } from "./late-encoder.ts";
import { packed, travelsAsItIs } from "./results.ts";
import type { ShipOptions, Target } from "./wire.ts";

/**
 * Prepares a task's arguments for the way to a worker. Plain data comes back as it is, after one quick look;
 * functions, instances of classes and shareable objects anywhere inside are encoded. The result is
 * structured-cloneable (for processes, `v8.serialize`-able). Throws a CaptureError naming what cannot travel.
 */
export function packArguments(args: readonly unknown[], options: ShipOptions): unknown {
  const { to } = options;
  if (travelsAsItIs(args, to)) return args;
  giveEncoder(encodeValue);
  const wire = packed(encodeValue(args, "arguments", { to, message: true }).payload);
  originals.set(wire, { args, to });
  return wire;
}

/** Packs arguments again as {@link reship} ships a function again; what was not packed comes back as it is. */
export function repack(wire: unknown): unknown {
  const original = typeof wire === "object" && wire !== null ? originals.get(wire) : undefined;
  return original === undefined ? wire : packArguments(original.args, original);
}

const originals = new WeakMap<object, { readonly args: readonly unknown[]; readonly to: Target }>();
