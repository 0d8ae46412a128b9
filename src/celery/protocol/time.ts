import { DecodeError } from "../../core/index.ts";

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/**
 * Milliseconds since the epoch of an ISO 8601 text as Python writes it: microseconds, any offset, `Z`, and naive
 * texts, which mean UTC.
 */
export function parseIso(text: unknown): number {
  const found = typeof text === "string" ? ISO.exec(text) : null;
  if (found === null) throw new DecodeError(`${JSON.stringify(text)} is not an ISO 8601 date`);
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] = found;
  const ms = Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second) + Number(`0.${fraction}`) * 1000;
  return ms - offset(zone) * 60_000;
}

/** The text Celery puts on the wire: microseconds and an explicit offset, which every version reads. */
export function toIso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000+00:00`;
}

function offset(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const minutes = +zone.slice(1, 3) * 60 + +zone.slice(-2);
  return zone.startsWith("-") ? -minutes : minutes;
}
