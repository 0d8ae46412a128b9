import { loadSpool } from "../pools/spool.ts";
import { square } from "../programs/work.mjs";
import { python } from "./python.ts";
import { type TableSpec, WORKERS, interleaved, timed } from "./spec.ts";

const ITEMS = 1_000_000;

export const MAP: TableSpec = {
  key: "map",
  title: "map over 1,000,000 numbers, all results",
  unit: "items/s",
  better: "higher",
  figures: interleaved(async () => {
    const numbers = Array.from({ length: ITEMS }, (_, i) => i);
    const rate = async (work: () => PromiseLike<unknown>): Promise<number> => ITEMS / (await timed(work));
    const { Pool, ThreadPool } = await loadSpool();
    const threads = new ThreadPool(WORKERS);
    const processes = new Pool(WORKERS);
    return [
      {
        name: "spool ThreadPool.map",
        run: () => rate(() => threads.map(square, numbers)),
        close: () => threads.terminate(),
      },
      {
        name: "spool Pool.map",
        run: () => rate(() => processes.map(square, numbers)),
        close: () => processes.terminate(),
      },
      python("Pool.map", "pool_map", ITEMS),
      python("Pool.imap_unordered(chunksize=100)", "imap_unordered", ITEMS / 5),
      python("ProcessPoolExecutor.map(chunksize=1000)", "executor_map", ITEMS / 2),
      { name: "a plain loop, no pool", run: () => rate(async () => numbers.map(square)) },
    ];
  }),
  targets: [
    {
      subject: "spool ThreadPool.map",
      peers: "Python's Pool.map",
      against: (name) => name === "Python Pool.map",
      atLeast: 3,
      limit: "inputs and results are copied number by number on the caller's thread",
    },
    {
      subject: "spool Pool.map",
      peers: "Python's Pool.map",
      against: (name) => name === "Python Pool.map",
      atLeast: 1,
    },
  ],
};
