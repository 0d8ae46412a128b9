import { join } from "node:path";
import { allocationsAt, type MemoryProfile, runMemory } from "../../src/profile/index.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "test", "programs", "memory-truth.cjs");
const MEGABYTE = 1_048_576;
const ROUNDS = 3;

/** What memory-truth.cjs allocates, in bytes, and how it is looked for. */
const KNOWN = [
  { name: "A, kept", of: "allocA", bytes: 100 * MEGABYTE, total: false },
  { name: "leak", of: "leak", bytes: 100 * 13_107 * 8, total: false },
  { name: "off the heap, kept", of: "allocD", bytes: 30 * MEGABYTE, total: false },
  { name: "A, --total", of: "allocA", bytes: 100 * MEGABYTE, total: true },
  { name: "B, let go, --total", of: "allocB", bytes: 50 * MEGABYTE, total: true },
  { name: "leak, --total", of: "leak", bytes: 100 * 13_107 * 8, total: true },
  { name: "off the heap, kept, --total", of: "allocD", bytes: 30 * MEGABYTE, total: true },
  { name: "off the heap, let go, --total", of: "allocE", bytes: 20 * MEGABYTE, total: true },
] as const;

export interface MemoryRow {
  readonly name: string;
  readonly truth: number;
  /** Of each run; megabytes (10^6). */
  readonly found: readonly number[];
  /** Percent of the truth, of each run. */
  readonly errors: readonly number[];
}

/** `spool mem run` as it is by default, on a program whose allocations are known. */
export async function memoryRows(line: string, node: string): Promise<MemoryRow[]> {
  const profiles: Record<"true" | "false", MemoryProfile[]> = { true: [], false: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const total of [false, true])
      profiles[`${total}`].push((await runMemory(node, [PROGRAM], { total })).profile);
  }
  return KNOWN.map(({ name, of, bytes, total }) => {
    const found = profiles[`${total}`].map((profile) => ownBytes(profile, of));
    return {
      name: `Node ${line}, ${name}`,
      truth: bytes / 1e6,
      found: found.map((b) => b / 1e6),
      errors: found.map((b) => 100 * (b / bytes - 1)),
    };
  });
}

/** Node's own functions between the program's function and the allocation (`Buffer.alloc`) belong to the former. */
function ownBytes(profile: MemoryProfile, name: string): number {
  return allocationsAt(profile, "end")
    .filter(({ stack }) => stack.findLast((frame) => frame.kind === "js")?.name === name)
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
