import { isMainThread } from "node:worker_threads";

/** The inputs of `spool compare` on this file. */
export const inputs: number[] = Array.from({ length: 24 }, (_, i) => i);

export function spin(x: number): number {
  let sum = 0;
  for (let i = 0; i < 200_000; i++) sum += Math.sqrt(i + x);
  return Math.round(sum);
}

export async function pause(x: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 4));
  return x;
}

/** Differs between the main thread and a worker thread, as code with a singleton might. */
export function whereAmI(x: number): string {
  return `${x % 2 === 0 || isMainThread ? "main" : "worker"} ${x}`;
}

let calls = 0;

/** Never the same twice. */
export function counting(): number {
  return calls++;
}

export function sometimes(x: number): number {
  if (x % 6 === 5) throw new RangeError(`no ${x}`);
  return x;
}

export function never(): never {
  throw new TypeError("not at all");
}
