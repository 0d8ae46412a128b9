import type { MemoryKind } from "spool/memory";

export const KINDS: readonly MemoryKind[] = ["thread", "process"];

/** The token of a thread that cannot be: its number is the largest a system of 64 bits gives out. */
export const DEAD: number = ((2 ** 22 - 1) << 9) | 1;
