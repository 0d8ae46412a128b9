import { clock } from "../core/index.ts";
import { pendingRequests, turn } from "./turns.ts";
import { VirtualClock } from "./virtual-clock.ts";

/**
 * Resolves when every task is blocked: nothing moves without time passing or something coming from outside. For
 * "start it, let it reach its wait, then act" in a test without sleeping. trio: `wait_all_tasks_blocked`.
 */
export async function waitAllBlocked(): Promise<void> {
  const current = clock();
  if (current instanceof VirtualClock) return current.settled();
  do for (let i = 0; i < TURNS; i++) await turn();
  while (pendingRequests());
}

const TURNS = 3;
