import { encodeValue } from "./encoder.ts";
import { PlainCheck } from "./plain.ts";
import { adopt } from "./realm.ts";
import { reviveValue } from "./revive.ts";
import type { Payload, ShipOptions, Target } from "./wire.ts";

/**
 * Prepares a task's arguments for the way to a worker. Plain data comes back as it is, after one quick look;
 * functions, instances of classes and shareable objects anywhere inside are encoded. The result is
 * structured-cloneable (for processes, `v8.serialize`-able). Throws a CaptureError naming what cannot travel.
 */
export function packArguments(args: readonly unknown[], options: ShipOptions): unknown {
  const packed = pack(args, "arguments", options.to, false);
  if (packed !== args) originals.set(packed as object, { args, to: options.to });
  return packed;
}

/** Packs arguments again as {@link reship} ships a function again; what was not packed comes back as it is. */
export function repack(packed: unknown): unknown {
  const original = typeof packed === "object" && packed !== null ? originals.get(packed) : undefined;
  return original === undefined ? packed : packArguments(original.args, original);
}

const originals = new WeakMap<object, { readonly args: readonly unknown[]; readonly to: Target }>();

/** The other half of {@link packArguments}; a Promise only when something must be imported first. */
export function unpackArguments(wire: unknown): unknown[] | Promise<unknown[]> {
  return unpack(wire) as unknown[] | Promise<unknown[]>;
}

/** As {@link packArguments}, for a task's result on its way back: classes the caller sent return as the caller's. */
export function packResult(value: unknown, options: ShipOptions): unknown {
  return pack(value, "result", options.to, true);
}

/** The other half of {@link packResult}; a Promise only when something must be imported first. */
export function unpackResult(wire: unknown): unknown {
  return unpack(wire);
}

/** What was encoded is recognised by its only key. */
const PACKED = "spool:packed";

function pack(value: unknown, label: string, to: Target, back: boolean): unknown {
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol") return value;
  if (value === null || (new PlainCheck(to, false).isPlain(value) && !isPacked(value))) return value;
  return { [PACKED]: encodeValue(value, label, { to, back, message: true }).payload };
}

function unpack(wire: unknown): unknown {
  return isPacked(wire) ? reviveValue(wire[PACKED]) : adopt(wire);
}

function isPacked(value: unknown): value is { [PACKED]: Payload } {
  return typeof value === "object" && value !== null && PACKED in value;
}
