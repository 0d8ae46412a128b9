import { whereIs } from "./capture-error.ts";
import type { FreeVariable } from "./free.ts";
import type { Place } from "./scripts.ts";

const told = new Set<string>();

/**
 * A shipped function that assigns a captured variable changes the copy of its worker: `sum += x` in a pool leaves the
 * sum here at 0. That is the commonest mistake of those who come from one thread, and nothing fails, so it is said, once
 * for each place. `??=` and `||=` are how a worker keeps something for its next task, and pass.
 */
export function warnOfAssignedCapture({ name, references }: FreeVariable, place: Place): void {
  const write = references.find((reference) => reference.write && !isCaching(place, reference.end));
  if (write === undefined) return;
  const where = whereIs(place, write.start);
  if (told.has(where)) return;
  told.add(where);
  process.emitWarning(
    `The shipped function assigns the captured variable \`${name}\` (${where}): each worker changes a copy of its own, ` +
      "the variable here stays as it is. Return the value instead, or share a Value, an Array or a Queue",
    { type: "SpoolWarning", code: "SPOOL_ASSIGNED_CAPTURE" },
  );
}

function isCaching({ script, base }: Place, end: number): boolean {
  return /^\s*(?:\?\?|\|\|)=/.test(script.text.slice(base + end, base + end + 20));
}
