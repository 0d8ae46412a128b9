import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Future, ThreadPoolExecutor } from "../src/index.ts";
import { Inbox } from "../src/worker/inbox.ts";
import { Outbox } from "../src/worker/outbox.ts";
import { Op } from "../src/worker/protocol.ts";
import { RingPair, workerEnds } from "../src/worker/ring.ts";
import { type Contestant, measure, printTable, writeResults } from "./harness.ts";

/**
 * Where the time of one task goes: each stage on its own, and the whole beside them. Seconds of CPU time of the thread
 * that is named, but for "wake", which is the time that passes.
 *
 *   npm run bench stages
 */
const TASKS = 200_000;
const IN_FLIGHT = 1000;
const square = (x: number): number => x * x;

/** CPU seconds of this thread a task. */
async function cpu(work: () => Promise<void> | void, tasks: number = TASKS): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6 / tasks;
}

/** Keeps `IN_FLIGHT` tasks under way, as the other benchmarks of dispatch do. */
async function drive(submit: (x: number) => PromiseLike<number>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < TASKS) await submit(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** The floor: futures that are made, awaited and settled here, with no worker at all. */
async function futures(): Promise<void> {
  let waiting: { readonly future: Future<number>; readonly x: number }[] = [];
  const settle = async (): Promise<void> => {
    for (let left = TASKS; left > 0;) {
      await turn();
      const batch = waiting;
      waiting = [];
      left -= batch.length;
      for (const { future, x } of batch) future.setResult(x);
    }
  };
  const settled = settle();
  await drive((x) => {
    const future = new Future<number>();
    waiting.push({ future, x });
    return future;
  });
  await settled;
}

/** The records of tasks through a ring, within this thread. */
function ring(part: "write" | "read"): () => Promise<number> {
  const rings = new RingPair("thread");
  const { reader } = workerEnds(rings.ship("thread"));
  let arrived = 0;
  const outbox = new Outbox(
    (message) => void setImmediate(() => inbox.message(message)),
    (_op, _id, error) => {
      throw error;
    },
  );
  const inbox: Inbox = new Inbox({ receive: () => void arrived++, after: () => {} });
  outbox.attach(rings.writer);
  inbox.attach(reader);
  outbox.post(Op.STARTED, 0);
  outbox.flush();
  return async () => {
    let spent = 0;
    for (let sent = 0; sent < TASKS; sent += IN_FLIGHT) {
      const wanted = arrived + IN_FLIGHT;
      const write = (): void => {
        for (let i = 0; i < IN_FLIGHT; i++) outbox.post(Op.RUN, i, 1, [sent + i]);
        outbox.flush();
      };
      const read = async (): Promise<void> => {
        while (arrived < wanted) await turn();
      };
      const [writing, reading] = [await cpu(write, TASKS), await cpu(read, TASKS)];
      spent += part === "write" ? writing : reading;
    }
    return spent;
  };
}

const ECHO = `
const { workerData } = require("node:worker_threads");
const words = new Int32Array(workerData);
setInterval(() => {}, 1e6);
(async () => {
  for (;;) {
    const seen = Atomics.load(words, 0);
    if (seen === Atomics.load(words, 1)) await Atomics.waitAsync(words, 0, seen).value;
    Atomics.store(words, 1, Atomics.load(words, 0));
    Atomics.notify(words, 1);
  }
})();`;

/** A parked thread is woken and wakes this one: half the round trip. */
function wake(): Contestant {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(ECHO, { eval: true, workerData: words.buffer, execArgv: [] });
  const online = once(worker, "online");
  return {
    name: "wake: a parked thread is woken",
    run: async () => {
      await online;
      const times: number[] = [];
      for (let i = 0; i < 500; i++) {
        const started = performance.now();
        const seen = Atomics.load(words, 1);
        Atomics.add(words, 0, 1);
        Atomics.notify(words, 0);
        await Atomics.waitAsync(words, 1, seen).value;
        times.push(performance.now() - started);
      }
      return times.toSorted((a, b) => a - b)[250]! / 1000 / 2;
    },
    close: () => void worker.terminate(),
  };
}

const pool = new ThreadPoolExecutor({ maxWorkers: 2 });
const workersCpu = async (): Promise<number> => {
  const [before, own] = [process.cpuUsage(), process.threadCpuUsage()];
  await drive((x) => pool.submit(square, x));
  const [all, main] = [process.cpuUsage(before), process.threadCpuUsage(own)];
  return (all.user + all.system - main.user - main.system) / 1e6 / TASKS;
};

const table = await measure(
  "where the time of one task goes: x * x, 1,000 in flight, two threads",
  [
    { name: "future: made, awaited, settled (no worker)", run: () => cpu(futures) },
    { name: "encode: a task's record into the ring", run: ring("write") },
    { name: "decode: the record out of the ring", run: ring("read") },
    wake(),
    {
      name: "all of it, the main thread",
      run: () => cpu(() => drive((x) => pool.submit(square, x))),
    },
    { name: "all of it, the workers", run: workersCpu, close: () => pool.shutdown() },
  ],
  { unit: "seconds", rounds: Number(process.env["SPOOL_BENCH_ROUNDS"] ?? 5) },
);
printTable(table);
writeResults("stages", [{ key: "task", ...table }]);
