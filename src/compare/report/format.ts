/** Numbers as people read them: three significant digits at most, the unit that fits. */

export function duration(seconds: number): string {
  if (seconds < 1e-6) return "<1 µs";
  if (seconds < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 1) return `${digits(seconds * 1e3)} ms`;
  if (seconds < 120) return `${digits(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function times(factor: number): string {
  return factor >= 100 ? String(Math.round(factor)) : factor.toFixed(1);
}

export function bytes(count: number): string {
  if (count < 1024) return `${Math.round(count)} B`;
  if (count < 1024 ** 2) return `${digits(count / 1024)} kB`;
  if (count < 1024 ** 3) return `${digits(count / 1024 ** 2)} MB`;
  return `${digits(count / 1024 ** 3)} GB`;
}

/** For values that may be unknown: the formatted value or a dash. */
export function orDash<T>(value: T | null, format: (value: T) => string): string {
  return value === null ? "-" : format(value);
}

function digits(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(2).replace(/\.?0+$/, "");
}
