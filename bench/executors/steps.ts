import { burn } from "../programs/work.mjs";

const PROBE = 1_000_000;

/** Steps of `burn` that take a millisecond on this machine when it has a core for itself. */
export function stepsPerMs(): number {
  let best = Infinity;
  for (let i = 0; i < 20; i++) {
    const started = performance.now();
    burn(PROBE);
    best = Math.min(best, performance.now() - started);
  }
  return Math.round(PROBE / best);
}
