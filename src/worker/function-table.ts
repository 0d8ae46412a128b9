import { type Shipment, reship, ship } from "../closures/index.ts";
import { AHEAD_SECONDS } from "./binding.ts";
import type { FunctionRecord } from "./task.ts";

/** Call sites that are looked at in `SITES_MS`; one costs some microseconds, as much as the rest of a tiny task. */
const SITES = 8;
const SITES_MS = 5;
/** Tasks of a function that go to free workers only after a call that took too long to wait behind. */
const WARY_TASKS = 512;
/** Programs that make new functions without end drop what is known of the oldest. */
const KEPT_RECORDS = 4096;

export interface Shipped {
  readonly shipment: Shipment;
  readonly record: FunctionRecord;
}

/** What an executor knows of the functions that were submitted to it. */
export class FunctionTable {
  readonly #to: "thread" | "process";
  #stable = new WeakMap<Function, Shipped>();
  /** By shipment: equal closures made anew for each call share it. */
  readonly #records = new Map<number, FunctionRecord>();
  #lastFn: Function | undefined;
  #last: Shipped | undefined;
  /** Call sites that may still be looked at. */
  #sites = SITES;
  constructor(to: "thread" | "process") {
    this.#to = to;
  }

  /** Captures the function as it is now; cheap when nothing of it can have changed. */
  look(fn: Function, above: Function): Shipped {
    const shipped = fn === this.#lastFn ? this.#last! : this.#find(fn);
    const { record } = shipped;
    if (this.#sites > 0 || record.site === undefined) this.#noteSite(record, above);
    return shipped;
  }

  /** A worker says how long a function takes now. */
  measured(key: number, seconds: number, asynchronous: boolean): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    record.seconds = seconds;
    if (seconds >= AHEAD_SECONDS) record.wary = WARY_TASKS;
    record.asynchronous = asynchronous;
  }

  /** Ships a function by value, after a worker could not import it; undefined when the error is another one. */
  shipAgain(old: Shipment, error: unknown): Shipment | undefined {
    const shipment = reship(old, error);
    if (shipment === undefined) return undefined;
    this.#stable = new WeakMap();
    this.#lastFn = this.#last = undefined;
    return shipment;
  }

  #find(fn: Function): Shipped {
    const known = this.#stable.get(fn);
    if (known !== undefined) return this.#keep(fn, known);
    const shipment = ship(fn, { to: this.#to });
    const shipped = { shipment, record: this.#recordOf(shipment) };
    return shipment.stable ? this.#keep(fn, shipped) : shipped;
  }

  #keep(fn: Function, shipped: Shipped): Shipped {
    this.#stable.set(fn, shipped);
    this.#lastFn = fn;
    this.#last = shipped;
    return shipped;
  }

  #recordOf({ key }: Shipment): FunctionRecord {
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const record = {
      seconds: Infinity,
      asynchronous: false,
      wary: 0,
      chunkSeconds: Infinity,
      site: undefined,
    };
    this.#records.set(key, record);
    if (this.#records.size > KEPT_RECORDS) this.#records.delete(this.#records.keys().next().value!);
    return record;
  }

  /** When tasks come thick and fast, the last known site of their function stands for the rest. */
  #noteSite(record: FunctionRecord, above: Function): void {
    const site = {};
    Error.captureStackTrace(site, above);
    record.site = site;
    if (this.#sites-- === SITES) setTimeout(this.#refill, SITES_MS).unref();
  }

  readonly #refill = (): void => {
    this.#sites = SITES;
  };
}
