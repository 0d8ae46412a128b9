import type { Collecting } from "./raw.ts";

/** How the preload learns what to do: an environment variable, so that child processes and workers are told too. */
export const ORDERS_VARIABLE = "SPOOL_MEMORY_PROFILE";

export interface Orders extends Collecting {
  /** Where every thread leaves what it collected, one file each. */
  readonly folder: string;
}

export function readOrders(): Orders | undefined {
  const text = process.env[ORDERS_VARIABLE];
  return text === undefined || text === "" ? undefined : (JSON.parse(text) as Orders);
}
