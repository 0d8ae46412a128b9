import { writeSync } from "node:fs";

/** Small functions for what `spool map` and `spool compare` must handle. */
export function double(x: number): number {
  return 2 * x;
}

export function circular(): unknown {
  const result: Record<string, unknown> = {};
  result["self"] = result;
  return result;
}

export function unusual(x: string): unknown {
  return { x, big: 2n ** 70n, seen: new Set([1, 2]), by: new Map([["a", 1]]) };
}

export function nothing(): void {}

export function forever(): never {
  // Straight to the descriptor: the main thread would not get to see it while this one spins.
  writeSync(2, "looping\n");
  for (;;);
}

export function slowThenFast(x: number): Promise<number> {
  return new Promise((resolve) => setTimeout(() => resolve(x), x === 0 ? 60 : 1));
}

const calls = new Map<string, number>();

/** Fails the first two times that it sees an input (in one worker). */
export function thirdTimeLucky(x: string): number {
  const count = (calls.get(x) ?? 0) + 1;
  calls.set(x, count);
  if (count < 3) throw new Error(`attempt ${count}`);
  return count;
}

export const notAFunction = 3;
