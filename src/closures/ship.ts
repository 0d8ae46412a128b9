import { requireFunction } from "../core/index.ts";
import { referenceOf } from "./ref.ts";
import type { Payload, ShipOptions } from "./wire.ts";

export interface Shipment {
  /** Two shipments with the same key are the same function with the same captures; a worker may keep it revived. */
  readonly key: number;
  readonly payload: Payload;
  /** Whether nothing the function captures can change: then every `ship` of it returns the same key. */
  readonly stable: boolean;
  readonly name: string;
}

let keys = 0;
const shipped = new WeakMap<Function, Shipment>();

/** Captures a function for another thread or process, synchronously: later changes of its captures do not travel. */
export function ship(fn: Function, options: ShipOptions): Shipment {
  requireFunction("fn", fn);
  void options;
  const known = shipped.get(fn);
  if (known !== undefined) return known;
  const reference = referenceOf(fn);
  const payload: Payload = reference
    ? { kind: "ref", name: reference.name, url: reference.url, text: "" }
    : { kind: "text", name: fn.name, url: "", text: fn.toString() };
  const shipment = { key: ++keys, payload, stable: true, name: fn.name };
  shipped.set(fn, shipment);
  return shipment;
}
