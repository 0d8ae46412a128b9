import { DecodeError } from "../../core/index.ts";
import { parseIso, toIso } from "./time.ts";

/** An exact decimal number, kept as its digits. Python: `decimal.Decimal`. */
export class Decimal {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  toString(): string {
    return this.digits;
  }

  valueOf(): number {
    return Number(this.digits);
  }
}

/** A calendar date (`2024-01-02`) or a time of day (`03:04:05`) without the other half. Python: `date`, `time`. */
export class PlainDateOrTime {
  readonly kind: "date" | "time";
  readonly text: string;

  constructor(kind: "date" | "time", text: string) {
    this.kind = kind;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** A `{"__type__", "__value__"}` object: how Celery (kombu 5.3 and later) writes what JSON lacks. */
export interface Marker {
  readonly __type__: string;
  readonly __value__: unknown;
}

export function isMarker(value: object): value is Marker {
  return "__type__" in value && "__value__" in value && Object.keys(value).length === 2;
}

/** The marker that stands for `value`, or undefined when it needs none. */
export function toMarker(value: object): Marker | undefined {
  if (value instanceof Date) return { __type__: "datetime", __value__: toIso(value.getTime()) };
  if (value instanceof Uint8Array)
    return { __type__: "base64", __value__: Buffer.from(value).toString("base64") };
  if (value instanceof Decimal) return { __type__: "decimal", __value__: value.digits };
  if (value instanceof PlainDateOrTime) return { __type__: value.kind, __value__: value.text };
  return undefined;
}

/** What a marker stands for. Naive datetimes are read as UTC; a uuid becomes its usual text. */
export function fromMarker(marker: Marker): unknown {
  const read = Object.hasOwn(READERS, marker.__type__) ? READERS[marker.__type__] : undefined;
  if (read === undefined)
    throw new DecodeError(`A value of type ${JSON.stringify(marker.__type__)} is unknown`);
  return read(marker.__value__ as never);
}

const READERS: Record<string, (value: never) => unknown> = {
  datetime: (value: string) => new Date(parseIso(value)),
  date: (value: string) => new PlainDateOrTime("date", value),
  time: (value: string) => new PlainDateOrTime("time", value),
  decimal: (value: string) => new Decimal(value),
  uuid: (value: { hex: string }) => value.hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
  bytes: (value: string) => Buffer.from(value, "utf8"),
  base64: (value: string) => Buffer.from(value, "base64"),
  float: (value: string) => Number(value),
};
