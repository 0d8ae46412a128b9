import { ArgumentError } from "../../core/index.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;
const BINARY: Readonly<Record<string, number>> = { kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 };
const DECIMAL: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** `104.9 MB`: decimal units, four significant figures at most. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [Math.abs(bytes), 0];
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 ? 0 : 1;
  return `${bytes < 0 ? "-" : ""}${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A size such as `24 MB`, `1.5GiB` or `4096` in bytes. Throws ArgumentError for anything else. */
export function parseBytes(parameter: string, value: string | number): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value));
  const unit = match?.[2]!.toLowerCase() ?? "";
  const factor = unit === "" ? 1 : (DECIMAL[unit] ?? BINARY[unit]);
  if (match === null || factor === undefined)
    throw new ArgumentError(`\`${parameter}\` must be a size such as "24 MB" or "16 MiB", got "${value}"`);
  return Number(match[1]) * factor;
}

export function formatPercent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1)} %`;
}
