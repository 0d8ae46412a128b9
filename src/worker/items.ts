import { packArguments, repack } from "../closures/index.ts";
import { allPrimitive, numbersOf } from "./chunk-codec.ts";

/** Numbers travel as one block of bytes, other plain values as they are, the rest packed. */
export function packItems(items: readonly unknown[], to: "thread" | "process"): unknown {
  // A thread reads them where they are. They are not moved there: the chunk may have to be sent again.
  const numbers = numbersOf(items, to === "thread" && items.length >= WORTH_SHARING);
  if (numbers !== undefined) return numbers;
  return allPrimitive(items) ? items : { packed: packArguments(items, { to }) };
}

/** The body of a task or chunk, encoded again after the workers could not import what it refers to. */
export function repackBody(body: unknown): unknown {
  const isPacked = typeof body === "object" && body !== null && "packed" in body;
  return isPacked ? { packed: repack(body.packed) } : repack(body);
}

/** Numbers; below this a copy is cheaper than shared memory of its own. */
const WORTH_SHARING = 1024;
