/** Units that are written with a prefix of their own; all others as a plain number, thousands as k, M, G. */
const SCALES: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  seconds: [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
    [0, "ns"],
  ],
  bytes: [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
    [0, "B"],
  ],
  share: [[0, "%"]],
};
const FACTORS: Readonly<Record<string, number>> = {
  s: 1,
  ms: 1e3,
  µs: 1e6,
  ns: 1e9,
  GB: 1e-9,
  MB: 1e-6,
  kB: 1e-3,
  B: 1,
};

/** A figure as people read it: three digits and a unit. */
export function quantity(value: number, unit: string): string {
  const [base, per] = unit.split("/", 2) as [string, string | undefined];
  const scale = SCALES[base];
  if (scale === undefined) return short(value);
  const suffix = scale.find(([least]) => Math.abs(value) >= least)![1];
  const scaled = suffix === "%" ? value * 100 : value * FACTORS[suffix]!;
  return `${digits(scaled)} ${suffix}${per === undefined ? "" : `/${per}`}`;
}

export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${digits(value / 1e9)} G`;
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  if (size >= 1e3) return `${digits(value / 1e3)} k`;
  return digits(value);
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 100) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
