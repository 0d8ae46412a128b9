import type { RawArray } from "../../src/multiprocessing/index.ts";

/** How one side gives up what the other waits for, and waits for what the other gives up. */
export interface HandOver {
  release(): void;
  acquire(): void;
}

/**
 * Two sides hand something over to each other. Before each turn the giver lets the other fall asleep, writes down the
 * time (the system's clock is one for all processes) and gives; the other notes how long it was until it had it.
 * `state`: the turn that is awaited | the time of giving in milliseconds | the turn that was received.
 */
export function handOver(side: number, turns: number, state: RawArray<"d">, it: HandOver): number[] {
  const cells = state.view as Float64Array;
  const taken: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    if (turn % 2 === side) {
      // The call keeps the compiler from reading the cell only once.
      while (cells[0] !== turn + 1) now();
      const asleep = now() + ASLEEP_MS;
      while (now() < asleep);
      cells[1] = now();
      it.release();
      // A lock that is free for a moment would be had back at once.
      while (cells[2] !== turn + 1) now();
    } else {
      cells[0] = turn + 1;
      it.acquire();
      taken.push((now() - cells[1]!) * 1000);
      cells[2] = turn + 1;
    }
  }
  return taken;
}

/** Long enough for the other to have stopped looking and gone to sleep. */
const ASLEEP_MS = 0.15;

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
