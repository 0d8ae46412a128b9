import { Cause, Effect, Exit } from "effect";
import { all, call, run as effectionRun } from "effection";
import pMap from "p-map";
import { group, sleep } from "../src/asyncio/index.ts";

/**
 * One of three calls fails at 5 ms. When is the caller told, and what do the siblings still do after that? The calls
 * are plain promise code, as one finds it in every program; only the last two rows' siblings wait in a way that
 * their library knows.
 */
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
type Wait = (ms: number) => Promise<void>;

interface Watch {
  readonly steps: number[];
  readonly calls: readonly (() => Promise<void>)[];
}

function watched(pause: Wait): Watch {
  const steps: number[] = [];
  const start = performance.now();
  const body = async (fails: boolean): Promise<void> => {
    for (let step = 0; step < 4; step++) {
      await pause(5);
      if (fails) throw new Error("one of three");
      steps.push(performance.now() - start);
    }
  };
  return { steps, calls: [() => body(true), () => body(false), () => body(false)] };
}

const ways: Record<string, [Wait, (calls: Watch["calls"]) => Promise<unknown>]> = {
  "Promise.all": [wait, (calls) => Promise.all(calls.map((fn) => fn()))],
  "p-map": [wait, (calls) => pMap(calls, (fn) => fn())],
  "effection all(call())": [wait, (calls) => effectionRun(() => all(calls.map((fn) => call(fn))))],
  "Effect.forEach": [
    wait,
    async (calls) => {
      const exit = await Effect.runPromiseExit(
        Effect.forEach(calls, (fn) => Effect.tryPromise(fn), { concurrency: "unbounded" }),
      );
      if (Exit.isFailure(exit)) throw Cause.squash(exit.cause);
    },
  ],
  "spool group, same calls": [
    wait,
    (calls) =>
      group((g) => {
        for (const fn of calls) g.spawn(fn);
      }),
  ],
  "spool group, spool sleep": [
    (ms) => sleep(ms / 1000),
    (calls) =>
      group((g) => {
        for (const fn of calls) g.spawn(fn);
      }),
  ],
};

console.log("one of three fails at 5 ms      told after   steps of siblings after that");
for (const [name, [pause, way]] of Object.entries(ways)) {
  const { steps, calls } = watched(pause);
  const start = performance.now();
  await way(calls).catch(() => {});
  const told = performance.now() - start;
  const before = steps.length;
  await wait(60);
  console.log(`${name.padEnd(30)} ${told.toFixed(1).padStart(8)} ms   ${steps.length - before}`);
}
