import { encodeValue } from "./late-encoder.ts";
import { PlainCheck } from "./plain.ts";
import { adopt } from "./realm.ts";
import { reviveValue } from "./revive.ts";
import type { Payload, ShipOptions, Target } from "./wire.ts";

/** The other half of `packArguments`; a Promise only when something must be imported first. */
export function unpackArguments(wire: unknown): unknown[] | Promise<unknown[]> {
  return unpack(wire) as unknown[] | Promise<unknown[]>;
}

/** See at-once.ts; the encoder must be there for what does not travel as it is. */
export function packResult(value: unknown, options: ShipOptions): unknown {
  const { to } = options;
  if (travelsAsItIs(value, to)) return value;
  return packed(encodeValue(value, "result", { to, back: true, message: true }).payload);
}

/** The other half of {@link packResult}; a Promise only when something must be imported first. */
export function unpackResult(wire: unknown): unknown {
  return unpack(wire);
}

/** What was encoded is recognised by its only key. */
const PACKED = "spool:packed";

/** Whether a value is plain data; one quick look. */
export function travelsAsItIs(value: unknown, to: Target): boolean {
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol") return true;
  return value === null || (new PlainCheck(to, false).isPlain(value) && !isPacked(value));
}

export function packed(payload: Payload): object {
  return { [PACKED]: payload };
}

function unpack(wire: unknown): unknown {
  return isPacked(wire) ? reviveValue(wire[PACKED]) : adopt(wire);
}

function isPacked(value: unknown): value is { [PACKED]: Payload } {
  return typeof value === "object" && value !== null && PACKED in value;
}
