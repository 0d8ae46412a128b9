import { burn, square } from "../programs/work.mjs";
import type { PoolKind } from "./runner.ts";

/**
 * One pool for the whole program, which starts its threads when work comes. It has no settings but their number. It
 * moves buffers and never copies them, so it has no part in what is copied.
 */
export const MULTITHREADING: PoolKind = {
  name: "multithreading",
  workers: "threads",
  setting: "default",
  load: async () => {
    const { initRuntime, move, shutdown, spawn } = await import("multithreading");
    type Outcome = Awaited<ReturnType<ReturnType<typeof spawn<unknown>>["join"]>>;
    const value = (outcome: Outcome): unknown => {
      if (!outcome.ok) throw outcome.error;
      return outcome.value;
    };
    return (maxWorkers) => {
      initRuntime({ maxWorkers });
      return {
        tiny: (x) => spawn(move(x), square).join().then(value) as Promise<number>,
        burn: (steps) => spawn(move(steps), burn).join().then(value),
        close: shutdown,
      };
    };
  },
};
