import { fileURLToPath } from "node:url";
import { Worker as JestWorker } from "jest-worker";
import { Piscina } from "piscina";
import { FixedClusterPool, FixedThreadPool } from "poolifier";
import { Tinypool } from "tinypool";
import workerpool from "workerpool";

/** A pool as the benchmarks see it. */
export interface Runner {
  readonly name: string;
  readonly tiny: (x: number) => PromiseLike<number>;
  readonly spin?: (milliseconds: number) => PromiseLike<unknown>;
  readonly echo?: (value: Float64Array) => PromiseLike<unknown>;
  readonly close: () => Promise<void> | void;
  /** Most tiny tasks in a round, for slow ones. */
  readonly count?: number;
}

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const TASK = program("piscina-task.mjs");
const SLOW = 30_000;

/** Thread pools, each with its best settings for many small tasks as well as its defaults. */
export function threadPeers(workers: number): Runner[] {
  return [
    piscina("piscina", workers, {}),
    piscina("piscina tuned", workers, {
      concurrentTasksPerWorker: 500,
      atomics: "disabled",
      recordTiming: false,
    }),
    tinypool("tinypool threads", workers, "worker_threads"),
    viaWorkerpool("workerpool threads", workers, "thread"),
    poolifierThreads(workers),
    jest("jest-worker threads", workers, true),
  ];
}

export function processPeers(workers: number): Runner[] {
  return [
    tinypool("tinypool processes", workers, "child_process"),
    viaWorkerpool("workerpool processes", workers, "process"),
    poolifierCluster(workers),
    jest("jest-worker processes", workers, false),
  ];
}

function general(
  name: string,
  run: (input: unknown) => Promise<unknown>,
  close: () => Promise<void>,
): Runner {
  return {
    name,
    count: SLOW,
    tiny: (x) => run(x) as Promise<number>,
    spin: (milliseconds) => run({ spin: milliseconds }),
    echo: run,
    close,
  };
}

function piscina(name: string, workers: number, options: Record<string, unknown>): Runner {
  const pool = new Piscina({ filename: TASK, minThreads: workers, maxThreads: workers, ...options });
  return general(
    name,
    (input) => pool.run(input),
    () => pool.destroy(),
  );
}

function tinypool(name: string, workers: number, runtime: "worker_threads" | "child_process"): Runner {
  const pool = new Tinypool({
    filename: TASK,
    runtime,
    minThreads: workers,
    maxThreads: workers,
    ...(runtime === "worker_threads" ? { concurrentTasksPerWorker: 500, useAtomics: false } : {}),
  });
  return general(
    name,
    (input) => pool.run(input),
    () => pool.destroy(),
  );
}

function viaWorkerpool(name: string, workers: number, workerType: "thread" | "process"): Runner {
  const pool = workerpool.pool(program("workerpool-task.mjs"), {
    workerType,
    minWorkers: workers,
    maxWorkers: workers,
    forkOpts: { serialization: "advanced" },
  });
  return general(
    name,
    (input) => pool.exec("run", [input]) as unknown as Promise<unknown>,
    async () => {
      await pool.terminate();
    },
  );
}

function poolifierThreads(workers: number): Runner {
  const pool = new FixedThreadPool<unknown, unknown>(workers, program("poolifier-thread.mjs"));
  return general(
    "poolifier threads",
    (input) => pool.execute({ input }),
    () => pool.destroy(),
  );
}

function poolifierCluster(workers: number): Runner {
  const pool = new FixedClusterPool<number, number>(workers, program("poolifier-cluster.cjs"));
  return {
    name: "poolifier processes",
    count: SLOW,
    tiny: (x) => pool.execute(x),
    close: () => pool.destroy(),
  };
}

function jest(name: string, workers: number, threads: boolean): Runner {
  const pool = new JestWorker(TASK, {
    numWorkers: workers,
    enableWorkerThreads: threads,
    exposedMethods: ["run"],
  }) as JestWorker & { run: (input: unknown) => Promise<unknown> };
  const runner = general(
    name,
    (input) => pool.run(input),
    async () => {
      await pool.end();
    },
  );
  // Its processes speak JSON, which turns a Float64Array into an object.
  if (threads) return runner;
  const { echo: _, ...rest } = runner;
  return rest;
}
