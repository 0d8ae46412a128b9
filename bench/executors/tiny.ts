import type { Contestant } from "../harness.ts";
import {
  BARE,
  BARE_COALESCED,
  BARE_SPLIT,
  type PoolKind,
  type Runner,
  SPOOL,
  peers,
} from "../pools/index.ts";
import { python } from "./python.ts";
import { type TableSpec, each, interleaved, isPeer, timed } from "./spec.ts";

/** `x => x * x`, one promise each: what dispatch costs when the work costs nothing. */
const MANY = 1000;
const FEW = 8;
const FULL = "the caller's thread has no time left (see where its time goes)";
/** Everybody has the same time, so that everybody's code is as warm. */
const TURN_MS = 500;
/** Tasks between two looks at the clock. */
const LOOK = 64;

/** As many tasks as a turn admits, at most `width` under way; gives tasks per second. */
async function drive({ tiny }: Runner, width: number): Promise<number> {
  const end = performance.now() + TURN_MS;
  let next = 0;
  let open = true;
  const lane = async (): Promise<void> => {
    while (open) {
      const x = next++ & 0xffff;
      if ((await tiny(x)) !== x * x) throw new Error(`not the square of ${x}`);
      if (next % LOOK === 0 && performance.now() > end) open = false;
    }
  };
  const seconds = await timed(() => Promise.all(Array.from({ length: width }, lane)));
  return next / seconds;
}

const many = (kinds: readonly PoolKind[]): Promise<Contestant[]> =>
  each(kinds, (runner) => ({ run: () => drive(runner, MANY) }));
const few = (kinds: readonly PoolKind[]): Promise<Contestant[]> =>
  each(kinds, (runner) => ({ run: () => drive(runner, FEW) }));

const named =
  (...names: string[]) =>
  (name: string): boolean =>
    names.includes(name);

export const TINY: TableSpec = {
  key: "tiny",
  title: "x * x, one promise each, 1,000 in flight, two threads",
  unit: "tasks/s",
  better: "higher",
  // The fast ones take two rounds to be compiled.
  figures: interleaved(
    () =>
      many([
        SPOOL.threads,
        ...peers("threads", "variant"),
        BARE.threads,
        BARE_COALESCED.threads,
        BARE_SPLIT.threads,
      ]),
    { warmup: 2 },
  ),
  targets: [
    {
      subject: "spool threads",
      peers: "piscina's best settings",
      against: (name) => name.startsWith("piscina"),
      atLeast: 30,
      limit: FULL,
    },
    { subject: "spool threads", peers: "the fastest peer", against: isPeer, atLeast: 12, limit: FULL },
    {
      subject: "spool threads",
      peers: "one bare postMessage a task",
      against: named(BARE.threads.name),
      atLeast: 8,
    },
    {
      subject: "spool threads",
      peers: "a microtask's submits in one bare postMessage",
      against: named(BARE_COALESCED.threads.name),
      atLeast: 1.5,
      limit: `${FULL}; the bare rows keep nothing that could be cancelled, timed or retried`,
    },
  ],
};

export const PROCESSES: TableSpec = {
  key: "processes",
  title: "x * x, one promise each, 1,000 in flight, two processes",
  unit: "tasks/s",
  better: "higher",
  figures: interleaved(
    async () => [
      ...(await many([
        SPOOL.processes,
        ...peers("processes", "variant"),
        BARE.processes,
        BARE_COALESCED.processes,
        BARE_SPLIT.processes,
      ])),
      python("ProcessPoolExecutor.submit", "submit", 3000),
      python("Pool.apply_async", "apply_async", 5000),
    ],
    { warmup: 2 },
  ),
  targets: [
    { subject: "spool processes", peers: "the fastest peer", against: isPeer, atLeast: 15, limit: FULL },
    {
      subject: "spool processes",
      peers: "Python's ProcessPoolExecutor.submit",
      against: named("Python ProcessPoolExecutor.submit"),
      atLeast: 100,
      limit: FULL,
    },
  ],
};

const fewTable = (workers: PoolKind["workers"], word: string, more: readonly Contestant[]): TableSpec => ({
  key: `few-${workers}`,
  title: `x * x, one promise each, 8 in flight, two ${word}`,
  unit: "tasks/s",
  better: "higher",
  figures: interleaved(async () => [
    ...(await few([SPOOL[workers], ...peers(workers), BARE[workers], BARE_COALESCED[workers]])),
    ...more,
  ]),
  targets: [
    {
      subject: `spool ${workers}`,
      peers: "the fastest peer",
      against: isPeer,
      atLeast: 1.3,
      limit: "waking parked workers takes most of the time, here and in every other row",
    },
  ],
});

export const FEW_THREADS: TableSpec = fewTable("threads", "threads", []);
export const FEW_PROCESSES: TableSpec = fewTable("processes", "processes", [
  python("ProcessPoolExecutor.submit", "submit_few", 2000, FEW),
]);
