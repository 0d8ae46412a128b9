import { BARE, type Runner, SPOOL, peers } from "../pools/index.ts";
import { python } from "./python.ts";
import { type TableSpec, each, interleaved, isPeer, timed } from "./spec.ts";

const NUMBERS = 1024 * 1024;
const TRIPS = 20;

const table = (workers: "threads" | "processes", atLeast: number): TableSpec => ({
  key: `large-${workers}`,
  title: `8 MB Float64Array there and back, copied, two ${workers}`,
  unit: "bytes/s",
  better: "higher",
  figures: interleaved(async () => {
    const data = new Float64Array(NUMBERS).fill(1.5);
    const kinds = [SPOOL[workers], ...peers(workers), BARE[workers]];
    const trips = async (echo: NonNullable<Runner["echo"]>): Promise<number> => {
      const seconds = await timed(async () => {
        for (let i = 0; i < TRIPS; i++) {
          const back = await echo(data);
          if (!(back instanceof Float64Array && back.length === NUMBERS)) throw new Error("not the array");
        }
      });
      return (2 * data.byteLength * TRIPS) / seconds;
    };
    const contestants = await each(kinds, ({ echo }) => echo && { run: () => trips(echo) });
    if (workers === "threads") return contestants;
    return [
      ...contestants,
      python("ProcessPoolExecutor.submit", "echo_submit", TRIPS),
      python("Pool.apply", "echo_apply", TRIPS),
    ];
  }),
  targets: [
    {
      subject: `spool ${workers}`,
      peers: "the best peer",
      against: isPeer,
      atLeast,
      limit: "a copy into and one out of shared memory each way",
    },
  ],
});

export const LARGE_THREADS: TableSpec = table("threads", 1);
export const LARGE_PROCESSES: TableSpec = table("processes", 2);
