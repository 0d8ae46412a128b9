import { SPOOL, peers } from "../pools/index.ts";
import { type Runner } from "../pools/runner.ts";
import { type TableSpec, each, interleaved } from "./spec.ts";
import { stepsPerMs } from "./steps.ts";

/** For this long one task of 50 ms after the other keeps a worker busy, while short ones come at a steady rate. */
const SECONDS = 0.6;
const LONG_MS = 50;
const SHORT_MS = 0.001;
/** Each millisecond so many, whether the earlier ones are done or not: a stall cannot hide by slowing its witness. */
const A_TICK = 4;

/** The 99th percentile of the short tasks' times, from submit to result. */
async function p99({ burn }: Runner, steps: number): Promise<number> {
  const times: number[] = [];
  const short: Promise<void>[] = [];
  const end = performance.now() + SECONDS * 1000;
  const long = (async () => {
    while (performance.now() < end) await burn(LONG_MS * steps);
  })();
  const one = async (): Promise<void> => {
    const submitted = performance.now();
    await burn(Math.round(SHORT_MS * steps));
    times.push((performance.now() - submitted) / 1000);
  };
  while (performance.now() < end) {
    for (let i = 0; i < A_TICK; i++) short.push(one());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all([long, ...short]);
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}

export const STALL: TableSpec = {
  key: "stall",
  title: "1 µs tasks beside a stream of 50 ms tasks of the same function, 99th percentile",
  unit: "seconds",
  better: "lower",
  rounds: 3,
  figures: interleaved(async () => {
    const steps = stepsPerMs();
    return each([SPOOL.threads, SPOOL.processes, ...peers()], (runner) => ({
      run: () => p99(runner, steps),
    }));
  }),
  targets: ["spool threads", "spool processes"].flatMap((subject) =>
    ["piscina", "poolifier"].map((peer) => ({
      subject,
      peers: `${peer}'s best`,
      against: (name: string) => name.startsWith(peer),
      atLeast: 1,
    })),
  ),
};
