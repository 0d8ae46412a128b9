import { BARE, SPOOL, peers } from "../pools/index.ts";
import { python } from "./python.ts";
import { type TableSpec, each, interleaved, timed } from "./spec.ts";

const TRIPS = 400;

export const LATENCY: TableSpec = {
  key: "latency",
  title: "one task there and back, nothing else in flight, median of 400",
  unit: "seconds",
  better: "lower",
  figures: interleaved(async () => [
    ...(await each(
      [SPOOL.threads, SPOOL.processes, ...peers(), BARE.threads, BARE.processes],
      ({ tiny }) => ({
        run: async () => {
          const times: number[] = [];
          for (let i = 0; i < TRIPS; i++) times.push(await timed(() => tiny(i)));
          return times.sort((a, b) => a - b)[TRIPS / 2]!;
        },
      }),
    )),
    python("ProcessPoolExecutor.submit", "latency_submit", TRIPS),
    python("Pool.apply", "latency_apply", TRIPS),
  ]),
  targets: [
    {
      subject: "spool threads",
      peers: "piscina",
      against: (name) => name.startsWith("piscina"),
      atLeast: 1,
      limit:
        "by default piscina's workers block in Atomics.wait between tasks, which wakes them sooner; their own timers and I/O stand still meanwhile",
    },
  ],
};
