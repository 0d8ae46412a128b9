import { Worker } from "node:worker_threads";
import { ThreadPoolExecutor } from "../src/threading/index.ts";
import { ProcessPoolExecutor } from "../src/multiprocessing/index.ts";
import { type Contestant, measure, printTable } from "./harness.ts";

const square = (x: number): number => x * x;

/** `count` tasks, at most `width` under way, one promise each; gives tasks per second. */
async function drive(
  submit: (x: number) => PromiseLike<number>,
  count: number,
  width: number,
): Promise<number> {
  let next = 0;
  let sum = 0;
  const started = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) sum += await submit(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (sum === 0) throw new Error("no results");
  return (count / (performance.now() - started)) * 1000;
}

class Bare {
  readonly workers = [0, 1].map(() => new Worker(new URL("./programs/bare-worker.mjs", import.meta.url)));
  readonly pending = new Map<number, (value: number) => void>();
  batches: [number, number][][] = [[], []];
  id = 0;
  scheduled = false;
  readonly coalesce: boolean;

  constructor(coalesce: boolean) {
    this.coalesce = coalesce;
    for (const worker of this.workers) {
      worker.on("message", (message: [number, number] | [number, number][]) => {
        if (typeof message[0] === "number") this.done(message as [number, number]);
        else for (const pair of message) this.done(pair as [number, number]);
      });
    }
  }

  done([id, value]: [number, number]): void {
    const resolve = this.pending.get(id)!;
    this.pending.delete(id);
    resolve(value);
  }

  submit = (x: number): Promise<number> =>
    new Promise((resolve) => {
      const id = this.id++;
      this.pending.set(id, resolve);
      if (!this.coalesce) return this.workers[id & 1]!.postMessage([id, x]);
      this.batches[id & 1]!.push([id, x]);
      if (this.scheduled) return;
      this.scheduled = true;
      queueMicrotask(() => {
        this.scheduled = false;
        const batches = this.batches;
        this.batches = [[], []];
        batches.forEach((batch, i) => batch.length > 0 && this.workers[i]!.postMessage(batch));
      });
    });

  close = async (): Promise<void> => {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  };
}

const width = Number(process.env["WIDTH"] ?? 1000);
const count = Number(process.env["COUNT"] ?? 200_000);
const threads = new ThreadPoolExecutor({ maxWorkers: 2 });
const processes = new ProcessPoolExecutor({ maxWorkers: 2 });
const plain = new Bare(false);
const coalesced = new Bare(true);
const contestants: Contestant[] = [
  {
    name: "spool threads",
    run: () => drive((x) => threads.submit(square, x), count, width),
    close: () => threads.shutdown(),
  },
  {
    name: "spool processes",
    run: () => drive((x) => processes.submit(square, x), count, width),
    close: () => processes.shutdown(),
  },
  { name: "bare postMessage", run: () => drive(plain.submit, count, width), close: plain.close },
  { name: "bare coalesced", run: () => drive(coalesced.submit, count, width), close: coalesced.close },
];
printTable(
  await measure(`x * x, ${width} in flight`, contestants, { unit: "tasks/s", rounds: 5 }),
  "bare coalesced",
);
