import { type Shipment, ship } from "../closures/index.ts";
import type { FunctionRecord } from "./task.ts";

/** Call sites looked at in one turn of the event loop; capturing one costs about a microsecond. */
const SITES_PER_TURN = 8;

interface Known {
  readonly record: FunctionRecord;
  /** Only kept when stable. */
  shipment: Shipment | undefined;
}

/** What an executor knows of the functions that were submitted to it. */
export class FunctionTable {
  readonly #to: "thread" | "process";
  readonly #known = new WeakMap<Function, Known>();
  #lastFn: Function | undefined;
  #last: Known | undefined;
  #sites = 0;

  constructor(to: "thread" | "process") {
    this.#to = to;
  }

  /** Captures the function as it is now; cheap when nothing of it can have changed. */
  look(fn: Function, above: Function): { readonly shipment: Shipment; readonly record: FunctionRecord } {
    const known = fn === this.#lastFn ? this.#last! : this.#find(fn);
    this.#lastFn = fn;
    this.#last = known;
    if (known.record.site === undefined || this.#sites < SITES_PER_TURN) this.#noteSite(known.record, above);
    if (known.shipment !== undefined) return known as { shipment: Shipment; record: FunctionRecord };
    const shipment = ship(fn, { to: this.#to });
    if (shipment.stable) known.shipment = shipment;
    return { shipment, record: known.record };
  }

  #find(fn: Function): Known {
    const found = this.#known.get(fn);
    if (found !== undefined) return found;
    const record = { seconds: Infinity, chunkSeconds: Infinity, site: undefined };
    const known = { record, shipment: undefined };
    this.#known.set(fn, known);
    return known;
  }

  /** With thousands of submits in a turn the function's last known site stands for the rest. */
  #noteSite(record: FunctionRecord, above: Function): void {
    if (this.#sites++ === 0) setImmediate(this.#newTurn).unref();
    const site = {};
    Error.captureStackTrace(site, above);
    record.site = site;
  }

  readonly #newTurn = (): void => {
    this.#sites = 0;
  };
}
