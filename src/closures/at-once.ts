import { encodeValue } from "./encoder.ts";
import * as errors from "./errors.ts";
import { giveEncoder } from "./late-encoder.ts";
import * as results from "./results.ts";
import type { ShipOptions } from "./wire.ts";

/**
 * Makes anything that was thrown fit to travel: class, message, stack, own properties, cause, and other values as
 * they are. Never throws itself: what cannot travel is left out, and said so in its place.
 */
export function encodeError(error: unknown, options?: ShipOptions): errors.WireError {
  giveEncoder(encodeValue);
  return errors.encodeError(error, options);
}

/** As `packArguments`, for a task's result on its way back: classes the caller sent return as the caller's. */
export function packResult(value: unknown, options: ShipOptions): unknown {
  giveEncoder(encodeValue);
  return results.packResult(value, options);
}
