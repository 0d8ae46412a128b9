import { BARE, SPOOL, peers } from "../pools/index.ts";
import { burn } from "../programs/work.mjs";
import { python } from "./python.ts";
import { type TableSpec, WORKERS, each, interleaved, timed } from "./spec.ts";
import { stepsPerMs } from "./steps.ts";

const TASKS = 2000;
const WARM = 200;
const IDEAL = "the same work serially, divided by two";

export const CPU: TableSpec = {
  key: "cpu",
  title: "2,000 tasks of 1 ms CPU, all submitted at once",
  unit: "seconds",
  better: "lower",
  rounds: 3,
  figures: interleaved(async () => {
    const steps = stepsPerMs();
    const serially = async (): Promise<number> =>
      (await timed(async () => {
        for (let i = 0; i < TASKS; i++) burn(steps);
      })) / WORKERS;
    const all = (task: (steps: number) => PromiseLike<unknown>, tasks: number): Promise<number> =>
      timed(() => Promise.all(Array.from({ length: tasks }, () => task(steps))));
    const kinds = [
      SPOOL.threads,
      SPOOL.processes,
      ...peers(undefined, "default"),
      BARE.threads,
      BARE.processes,
    ];
    return [
      { name: IDEAL, run: serially },
      ...(await each(kinds, (runner) => ({
        run: () => all(runner.burn, TASKS),
        warm: () => all(runner.burn, WARM),
      }))),
      { ...python("serially, divided by two", "cpu_serial", TASKS), warm: async () => {} },
      { ...python("Pool.map", "cpu_map", TASKS), warm: async () => {} },
      { ...python("ProcessPoolExecutor.submit", "cpu_submit", TASKS), warm: async () => {} },
    ];
  }),
  targets: ["spool threads", "spool processes"].map((subject) => ({
    subject,
    peers: "the ideal",
    against: (name) => name === IDEAL,
    atLeast: 0.97,
    limit: "two workers and the caller share two cores; the bare rows show how little is left of the ideal",
  })),
};
