import { BARE, SPOOL, peers } from "../pools/index.ts";
import { probe } from "./probe.ts";
import { python } from "./python.ts";
import { type TableSpec, interleaved, isBare } from "./spec.ts";

const FIFTEEN_PERCENT_MORE = 1 / 1.15;

const FILE = "a worker compiles the code that runs tasks before its first one, where a raw one has none";
const MESSAGES = "three messages go one after the other: ready, the task, its result";

/** A new program each time; importing the library is not counted. */
const table = (workers: "threads" | "processes", raw: string, limit: string): TableSpec => ({
  key: `cold-${workers}`,
  title: `from making a pool of one worker to its first result, ${workers}`,
  unit: "seconds",
  better: "lower",
  figures: interleaved(async () => [
    ...[SPOOL[workers], ...peers(workers, "default"), BARE[workers]].map(({ name }) => ({
      name,
      run: () => probe("cold", name),
    })),
    ...(workers === "threads" ? [] : [python("ProcessPoolExecutor, spawn", "cold_executor")]),
  ]),
  targets: [
    {
      subject: `spool ${workers}`,
      peers: raw,
      against: isBare,
      atLeast: FIFTEEN_PERCENT_MORE,
      limit,
    },
  ],
});

export const COLD_THREADS: TableSpec = table("threads", "a raw Worker", `${FILE}; ${MESSAGES}`);
export const COLD_PROCESSES: TableSpec = table("processes", "a raw fork", MESSAGES);
