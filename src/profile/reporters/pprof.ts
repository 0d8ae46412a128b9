import { gzipSync } from "node:zlib";
import { UnsupportedError } from "../../core/index.ts";
import { type CallTree, stacksOf } from "../model/call-tree.ts";
import type { Frame } from "../model/frame.ts";
import { shortPath } from "./label.ts";

export interface PprofOptions {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Seconds. */
  readonly duration: number;
  /** Between two samples, in the tree's unit. */
  readonly period: number;
}

const UNITS = {
  seconds: { type: "wall", unit: "nanoseconds", scale: 1e9 },
  bytes: { type: "space", unit: "bytes", scale: 1 },
  samples: { type: "samples", unit: "count", scale: 1 },
} as const;

type Pprof = typeof import("pprof-format");

/** The gzipped protocol-buffer format of `go tool pprof`, Pyroscope, Polar Signals and Datadog. */
export async function toPprof(tree: CallTree, options: PprofOptions): Promise<Uint8Array> {
  const pprof = await load();
  const { type, unit, scale } = UNITS[tree.unit];
  const strings = new pprof.StringTable();
  const valueType = { type: strings.dedup(type), unit: strings.dedup(unit) };
  const places = new Places(strings);
  const sample = [...stacksOf(tree)].map(({ stack, weight }) => ({
    locationId: stack.map((frame) => places.idOf(frame)).reverse(),
    value: [Math.round(weight * scale)],
  }));
  const profile = new pprof.Profile({
    sampleType: [valueType],
    sample,
    location: places.locations,
    function: places.functions,
    stringTable: strings,
    timeNanos: BigInt(Math.round(options.startedAt * 1e6)),
    durationNanos: BigInt(Math.round(options.duration * 1e9)),
    periodType: valueType,
    period: Math.round(options.period * scale),
  });
  return gzipSync(profile.encode());
}

/** pprof's two tables: functions, and the places where they run. One of each per frame. */
class Places {
  readonly locations: { id: number; line: { functionId: number; line: number }[] }[] = [];
  readonly functions: {
    id: number;
    name: number;
    systemName: number;
    filename: number;
    startLine: number;
  }[] = [];
  readonly #ids = new Map<Frame, number>();
  readonly #strings: { dedup(text: string): number };

  constructor(strings: { dedup(text: string): number }) {
    this.#strings = strings;
  }

  idOf(frame: Frame): number {
    const known = this.#ids.get(frame);
    if (known !== undefined) return known;
    const id = this.functions.length + 1;
    const name = this.#strings.dedup(frame.name);
    const filename = this.#strings.dedup(shortPath(frame.url));
    this.functions.push({ id, name, systemName: name, filename, startLine: frame.line });
    this.locations.push({ id, line: [{ functionId: id, line: frame.at ?? frame.line }] });
    this.#ids.set(frame, id);
    return id;
  }
}

async function load(): Promise<Pprof> {
  try {
    return await import("pprof-format");
  } catch (error) {
    throw new UnsupportedError("the pprof format needs the package pprof-format: npm install pprof-format", {
      cause: error,
    });
  }
}
