/**
 * closures - layer 1: functions and values across the border of a thread or process. What can be imported on the
 * other side travels by reference, what belongs to the calling program by value. Imports core only.
 *
 * The sender: `ship` (functions), `packArguments` / `packResult` (values), `encodeError`. The receiver: `revive`,
 * `unpackArguments` / `unpackResult`, `decodeError`. `ref` names an export explicitly, `reduce` lets a class say how
 * its instances travel. Begin with ship.ts, then wire.ts.
 */
export { CaptureError } from "../core/index.ts";
export * as answering from "./answering.ts";
export { encodeError, packResult } from "./at-once.ts";
export { type WireError, decodeError } from "./errors.ts";
export { isImporting } from "./importer.ts";
export { packArguments, repack } from "./pack.ts";
export { type Reduced, type Reducible, reduce } from "./reduce.ts";
export { ref } from "./ref.ts";
export { unpackArguments, unpackResult } from "./results.ts";
export { revive } from "./revive.ts";
export { reship, ship } from "./ship.ts";
export type { Payload, ShipOptions, Shipment, Target } from "./wire.ts";
